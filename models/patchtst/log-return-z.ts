/** The "logReturnZ" normalisation of a bar window; training/ computes the same. */

const CHANNELS = 6;
const CLOSE = 3;
const VOLUME = 4;
/** A window that does not move is not divided by nothing. */
const STD_MIN = 1e-6;

export interface WindowScale {
  readonly lastClose: number;
  /** Standard deviation (over n, not n - 1) of the one-step log returns of the closes. */
  readonly returnStd: number;
}

export const windowScale = (bars: Float32Array): WindowScale => {
  const length = bars.length / CHANNELS;
  const close = (i: number): number => bars[i * CHANNELS + CLOSE]!;
  let sum = 0;
  let squares = 0;
  const returns = length - 1;
  for (let i = 1; i < length; i++) {
    const logReturn = Math.log(close(i) / close(i - 1));
    sum += logReturn;
    squares += logReturn * logReturn;
  }
  const mean = sum / returns;
  const std = Math.sqrt(Math.max(0, squares / returns - mean * mean));
  return { lastClose: close(length - 1), returnStd: Math.max(std, STD_MIN) };
};

/** Prices become log distances from the last close in units of `returnStd`; volumes z-scores of ln(1 + v) over the window. */
export const logReturnZ = (bars: Float32Array, into: Float32Array): void => {
  const length = bars.length / CHANNELS;
  const { lastClose, returnStd } = windowScale(bars);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < length; i++) {
    const logVolume = Math.log1p(bars[i * CHANNELS + VOLUME]!);
    sum += logVolume;
    squares += logVolume * logVolume;
  }
  const mean = sum / length;
  const std = Math.max(
    Math.sqrt(Math.max(0, squares / length - mean * mean)),
    STD_MIN,
  );
  for (let at = 0; at < bars.length; at++)
    into[at] =
      at % CHANNELS === VOLUME
        ? (Math.log1p(bars[at]!) - mean) / std
        : Math.log(bars[at]! / lastClose) / returnStd;
};
