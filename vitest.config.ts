import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "{engine,actors,workers,models,bench,test,clients/ts}/**/*.test.ts",
    ],
    setupFiles: ["test/support/properties.ts"],
    exclude: ["dist/**", "node_modules/**"],
    // On two shared cores: a third fills the waits of those that wait for servers; a fourth would only make them time out.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
