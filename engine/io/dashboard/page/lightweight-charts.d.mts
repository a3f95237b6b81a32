/** The file that scripts/copy-assets.mjs puts beside the page: the library, in one file that a browser imports as it is. */
export * from "lightweight-charts";
