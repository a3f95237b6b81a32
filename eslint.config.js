import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** Time and chance enter the pure layers through ports only (docs/architecture.md, determinism). */
const impureCalls = [
  {
    object: "Date",
    property: "now",
    message: "Take a Clock (engine/std/time.ts).",
  },
  {
    object: "performance",
    property: "now",
    message: "Take a Clock (engine/std/time.ts).",
  },
  {
    object: "process",
    property: "hrtime",
    message: "Take a Clock (engine/std/time.ts).",
  },
  {
    object: "Math",
    property: "random",
    message: "Take a Random (engine/std/random.ts).",
  },
  {
    object: "crypto",
    property: "randomUUID",
    message: "Take a Random (engine/std/random.ts).",
  },
];
const impureGlobals = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "fetch",
].map((name) => ({
  name,
  message: "Take Timers or an Executor.",
}));

export default defineConfig(
  {
    ignores: [
      "dist/",
      "node_modules/",
      "training/",
      "clients/rust/",
      "engine/io/dashboard/page/",
      "*.config.js",
      "*.config.ts",
      "scripts/",
      "**/*.mjs",
      "**/*.cjs",
    ],
  },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Typed arrays and flat levels are indexed inside checked bounds; `!` says so where the compiler cannot see it.
      "@typescript-eslint/no-non-null-assertion": "off",
      // Numbers in messages are wanted.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => undefined` handlers and fire-and-forget one-liners read better without braces.
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: [
      "engine/std/**/*.ts",
      "engine/domain/**/*.ts",
      "engine/market/**/*.ts",
      "engine/features/**/*.ts",
      "engine/fusion/**/*.ts",
      "actors/**/*.ts",
      "models/**/*.ts",
    ],
    ignores: ["engine/std/time.ts", "engine/std/executor.ts", "**/*.test.ts"],
    rules: {
      "no-restricted-properties": ["error", ...impureCalls],
      "no-restricted-globals": ["error", ...impureGlobals],
    },
  },
  {
    files: [
      "**/*.test.ts",
      "test/**/*.ts",
      "bench/**/*.ts",
      "engine/cli/**/*.ts",
    ],
    rules: {
      "no-console": "off",
      // Tests read replies and documents loosely; what they expect is the check.
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-empty-function": "off",
    },
  },
);
