/** Subscriptions in messages of at most so many. */

export const inBatches = <T>(
  items: readonly T[],
  max: number,
): readonly (readonly T[])[] => {
  const batches: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += max)
    batches.push(items.slice(from, from + max));
  return batches;
};
