/** Invented headlines about simulated symbols, in the manner of financial news wires. */
import type { SentimentLabel } from "../domain/prediction.ts";
import type { Random } from "../std/random.ts";

export interface SimulatedHeadline {
  readonly text: string;
  readonly label: SentimentLabel;
  /** What it is worth to the price. */
  readonly impactBps: number;
}

interface Subject {
  /** `$BTC`. */
  readonly cashtag: string;
  readonly name: string;
}

type Template = (subject: Subject, random: Random) => string;

const FIRMS = [
  "Northgate Capital",
  "Harbor Street Research",
  "Blue Ridge Securities",
  "Calder & Finch",
  "Meridian Partners",
  "Oakline Markets",
];

const percent = (random: Random): string =>
  `${(1 + random.int(60) / 10).toFixed(1)}%`;

const POSITIVE: readonly Template[] = [
  ({ cashtag }, random) =>
    `${cashtag}: analysts at ${random.pick(FIRMS)} raise price target, see strong upside`,
  ({ cashtag, name }, random) =>
    `${cashtag} - ${name} upgraded to Buy from Hold at ${random.pick(FIRMS)}`,
  ({ cashtag, name }, random) =>
    `${name} rallies ${percent(random)} to a new high as inflows beat expectations ${cashtag}`,
  ({ cashtag }, random) =>
    `${cashtag} jumps ${percent(random)} after network revenue tops estimates`,
  ({ name }) => `${name} gains as record demand lifts the growth outlook`,
  ({ cashtag, name }, random) =>
    `${random.pick(FIRMS)} starts ${name} at Outperform, cites strong momentum ${cashtag}`,
  ({ cashtag }) =>
    `${cashtag} surges after regulator approves new fund; volumes hit record`,
];

const NEGATIVE: readonly Template[] = [
  ({ cashtag }, random) =>
    `${cashtag}: ${random.pick(FIRMS)} cuts price target, warns of weaker demand`,
  ({ cashtag, name }, random) =>
    `${cashtag} - ${name} downgraded to Sell from Hold at ${random.pick(FIRMS)}`,
  ({ cashtag, name }, random) =>
    `${name} falls ${percent(random)} as outflows deepen and losses mount ${cashtag}`,
  ({ cashtag }, random) =>
    `${cashtag} drops ${percent(random)} after network revenue misses estimates`,
  ({ name }) => `${name} slides on fears of a slowdown as selling accelerates`,
  ({ cashtag, name }) =>
    `${name} tumbles after exchange halts withdrawals ${cashtag}`,
  ({ cashtag }) =>
    `${cashtag} plunges as regulator sues issuer; shares of miners sink`,
];

const NEUTRAL: readonly Template[] = [
  ({ cashtag, name }) =>
    `${cashtag} - ${name} developers to present at annual conference on Thursday`,
  ({ name }, random) =>
    `${random.pick(FIRMS)} publishes its weekly report on ${name}`,
  ({ cashtag }) => `${cashtag}: what to watch in the week ahead`,
  ({ name }) => `${name} foundation names new board member`,
  ({ cashtag, name }) =>
    `${name}: scheduled network maintenance completed ${cashtag}`,
];

const TEMPLATES: Readonly<Record<SentimentLabel, readonly Template[]>> = {
  positive: POSITIVE,
  negative: NEGATIVE,
  neutral: NEUTRAL,
};

const LABELS: readonly SentimentLabel[] = ["positive", "negative", "neutral"];

export const simulatedHeadline = (
  subject: Subject,
  random: Random,
): SimulatedHeadline => {
  const label = random.pick(LABELS);
  const text = random.pick(TEMPLATES[label])(subject, random);
  const strengthBps = 8 + 22 * random.next();
  const sign = label === "positive" ? 1 : label === "negative" ? -1 : 0;
  return { text, label, impactBps: sign * strengthBps };
};
