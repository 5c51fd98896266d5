import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'extension/**/*.test.ts',
      'webview/**/*.test.ts',
      'test/{contract,server,webview}/**/*.test.ts',
      'test/bench/*.test.mjs',
    ],
    // A unit test that needs longer than this belongs to another suite.
    testTimeout: 10_000,
    restoreMocks: true,
    allowOnly: false,
    passWithNoTests: true,
  },
});
