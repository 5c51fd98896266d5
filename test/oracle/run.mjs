/**
 * Compares the built addon with what llama.cpp answered (recorded by record.py) on every model that was recorded:
 * token ids, negative log-likelihoods, greedy continuations. Ends with `N passed, N failed`.
 */
import { conclude, runNodeTests } from '../workbench/node-tests.mjs';
import { main } from '../workbench/process.mjs';

await main(async () => conclude(await runNodeTests(['test/oracle/oracle.test.mjs'])));
