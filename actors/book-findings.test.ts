import { expect, it } from "vitest";
import { BookCounts } from "../engine/market/book-counts.ts";
import { RecordingTelemetry } from "../test/support/recording-telemetry.ts";
import { BookFindings } from "./book-findings.ts";

it("adds what each book's counts have grown by, over all books and an actor's restart", () => {
  const telemetry = new RecordingTelemetry();
  const findings = new BookFindings(telemetry);
  const told = (finding: string) =>
    telemetry.of(`fusewire_book_findings_total{finding=${finding}}`);
  const [one, other] = [new BookCounts(), new BookCounts()];
  const [tellOne, tellOther] = [findings.of(one), findings.of(other)];
  one.gaps = 2;
  one.quotesAgreed = 5;
  other.gaps = 1;
  for (let turn = 0; turn < 2; turn++) {
    tellOne();
    tellOther();
  }
  expect([told("gaps"), told("quotesAgreed"), told("reordered")]).toEqual([
    3, 5, 0,
  ]);
  one.reordered = 1;
  tellOne();
  const restarted = new BookCounts();
  restarted.gaps = 1;
  findings.of(restarted)();
  expect([told("gaps"), told("reordered")]).toEqual([4, 1]);
});
