import { readFileSync } from "node:fs";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { FEATURE_SETS } from "./feature-sets.ts";
import { withFeatures } from "./features-page.ts";

describe("docs/features.md", () => {
  it("is what npm run docs:features would write", async () => {
    const page = readFileSync("docs/features.md", "utf8");
    const written = await format(withFeatures(page, FEATURE_SETS), {
      parser: "markdown",
    });
    expect(written).toBe(page);
  });
});
