/** A promise's likeness whose handlers run on the stack of whoever answers, not in a microtask after it. */

/** Asked when somebody waits for it; calls one of the two, once, later. */
type Ask<T> = (
  onValue: (value: T) => void,
  onError: (error: unknown) => void,
) => void;

/** So that an answer which is recorded as a step is also dealt with inside that step. */
export const directAnswer = <T>(ask: Ask<T>): PromiseLike<T> => ({
  then: <A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ) =>
    new Promise<A | B>((resolve, reject) => {
      const settle = (run: () => A | B | PromiseLike<A | B>): void => {
        try {
          resolve(run());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      ask(
        (value) => settle(() => onValue?.(value) ?? (value as never)),
        (error) =>
          settle(() => {
            if (onError === undefined || onError === null) throw error;
            return onError(error);
          }),
      );
    }),
});
