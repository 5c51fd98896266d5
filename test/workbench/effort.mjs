/**
 * How often the suites repeat what only chance can break. `npm test` finds what breaks often and is done soon;
 * `npm test -- --long`, for a release, finds what breaks rarely as well. Nothing else differs between the two.
 */
const long = process.env.PADDOCK_LONG_TESTS === '1';

/** For how long each reader of foreign files is fuzzed. */
export const fuzzSeconds = long ? 60 : 6;

/** How often eight windows start together and race for the one engine process. */
export const startRaces = long ? 50 : 8;

/** How many random sequences of events the supervisor of the engine goes through. */
export const supervisorSequences = long ? 20_000 : 2000;
