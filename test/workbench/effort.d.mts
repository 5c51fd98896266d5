export declare const fuzzSeconds: number;
export declare const startRaces: number;
export declare const supervisorSequences: number;
