/** Broken invariants: programming errors, never bad input. The supervisor acts on them. */

export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

export function assert(
  condition: boolean,
  invariant: string,
): asserts condition {
  if (!condition) throw new AssertionFailure(invariant);
}

/** Closes a switch over a tagged union: a new member is a compile error here. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${JSON.stringify(value)}`);
}
