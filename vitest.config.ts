import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "{engine,actors,workers,models,bench,test,clients/ts}/**/*.test.ts",
    ],
    setupFiles: ["test/support/properties.ts"],
    exclude: ["dist/**", "node_modules/**"],
    // Two shared cores: more workers only make servers and threads time out.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
