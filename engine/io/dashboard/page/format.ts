/** Numbers as a trader reads them: fixed widths, true minus signs, no jumping decimals. */

const MINUS = "\u2212";
const signed = (text: string): string => text.replace("-", MINUS);

/** Decimals that a price needs, 0 to 8: what its binary tail adds is not one. */
export const decimalsOf = (price: number): number => {
  const text = String(Number(price.toPrecision(12)));
  const exponent = /e-(\d+)$/.exec(text);
  if (exponent !== null) return Math.min(8, Number(exponent[1]));
  const dot = text.indexOf(".");
  return dot < 0 ? 0 : Math.min(8, text.length - dot - 1);
};

export const price = (value: number, decimals: number): string =>
  value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });

/** Four figures at any magnitude: 0.031, 12.40, 3.34k, 1.20M */
export const size = (value: number): string =>
  value >= 1e6
    ? `${(value / 1e6).toFixed(2)}M`
    : value >= 1e4
      ? `${(value / 1e3).toFixed(1)}k`
      : value >= 1e3
        ? `${(value / 1e3).toFixed(2)}k`
        : value >= 100
          ? value.toFixed(1)
          : value >= 10
            ? value.toFixed(2)
            : value.toFixed(3);

export const percent = (fraction: number, decimals = 1): string =>
  `${(100 * fraction).toFixed(decimals)}%`;

export const plusMinus = (value: number, decimals: number): string => {
  const text = value.toFixed(decimals);
  return Number(text) > 0 ? `+${text}` : signed(text);
};

export const count = (value: number): string =>
  value >= 1e7
    ? `${(value / 1e6).toFixed(1)}M`
    : value >= 1e5
      ? `${(value / 1e3).toFixed(0)}k`
      : Math.round(value).toLocaleString("en-US");

export const rate = (perSecond: number): string =>
  perSecond >= 100 ? count(perSecond) : perSecond.toFixed(1);

/** 12 µs, 1.24 ms, 3.1 s */
export const micros = (us: number): string =>
  us < 1000
    ? `${us < 10 ? us.toFixed(1) : us.toFixed(0)} µs`
    : us < 1e6
      ? `${(us / 1e3).toFixed(us < 1e4 ? 2 : 1)} ms`
      : `${(us / 1e6).toFixed(1)} s`;

/** 40 ms, 1.2 s, 3 m 05 s */
export const age = (ms: number): string => {
  if (ms < 1000) return `${Math.max(0, ms).toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return duration(ms);
};

export const duration = (ms: number): string => {
  const s = Math.floor(ms / 1000);
  const pad = (n: number): string => String(n).padStart(2, "0");
  return s < 3600
    ? `${Math.floor(s / 60)} m ${pad(s % 60)} s`
    : `${Math.floor(s / 3600)} h ${pad(Math.floor(s / 60) % 60)} m`;
};

export const horizon = (ms: number): string =>
  ms < 1000 ? `${ms} ms` : ms < 60_000 ? `${ms / 1000} s` : `${ms / 60_000} m`;

export const className = (name: string): string => name.replace("_", " ");
