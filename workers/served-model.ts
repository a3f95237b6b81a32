/** What actors need to know of a model, from its manifest. */
import type { ServedModel } from "../engine/ports.ts";
import { modelFamilyOf } from "../models/families.ts";
import type { Manifest } from "../models/manifest.ts";

export const servedModel = (
  manifest: Manifest,
  placement: ServedModel["placement"],
): ServedModel => {
  const { name, version, family, horizonMs, ttlMs, input } = manifest;
  const head = {
    name,
    version,
    family: modelFamilyOf[family],
    horizonMs,
    ttlMs,
    placement,
    input: input.kind,
  };
  switch (input.kind) {
    case "features":
      return {
        ...head,
        featureSchemaHash: input.schemaHash,
        ...(input.constantsHash === undefined
          ? {}
          : {
              featureConstants: input.constants,
              featureConstantsHash: input.constantsHash,
            }),
      };
    case "bars":
      return { ...head, window: input.window };
    case "text":
      return head;
  }
};
