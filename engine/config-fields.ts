/** What keys of the configuration are made of: each with its default, bounds and meaning. */
import { Type, type TObject, type TSchema } from "@sinclair/typebox";

export const section = <T extends Record<string, TSchema>>(
  properties: T,
  description: string,
): TObject<T> =>
  Type.Object(properties, {
    additionalProperties: false,
    default: {},
    description,
  });

export const text = (fallback: string, description: string) =>
  Type.String({ default: fallback, description });

export const count = (
  fallback: number,
  minimum: number,
  maximum: number,
  description: string,
) => Type.Integer({ default: fallback, minimum, maximum, description });

export const amount = (
  fallback: number,
  minimum: number,
  maximum: number,
  description: string,
) => Type.Number({ default: fallback, minimum, maximum, description });

/** SYMBOL.VENUE; the rest of its form is checked where it becomes a SymbolId. */
export const symbol = Type.String({
  pattern: "^[A-Z0-9=][A-Z0-9=_-]{0,63}\\.[A-Z0-9][A-Z0-9_-]{1,31}$",
});

export const flag = (fallback: boolean, description: string) =>
  Type.Boolean({ default: fallback, description });
