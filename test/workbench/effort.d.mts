export declare const fuzzSeconds: number;
export declare const startRaces: number;
