/** What only the actor thread knows, asked for on demand, once for many askers, and never waited for long. */
import { CodedError } from "../std/errors.ts";
import { msToNs, type Clock, type Timers } from "../std/time.ts";
import type { Question } from "./hub-messages.ts";

export interface HubQuestionsOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly answerMsMax: number;
  readonly answerReuseMs: number;
  readonly ask: (id: number, question: Question) => void;
}

type Asker = (answer: string | CodedError) => void;

/** Many requests for the same answer wait together, so this only bounds how many. */
const ASKERS_MAX = 256;

interface Inquiry {
  id: number;
  askers: Asker[];
  answer: string;
  answeredNs: number;
}

export class HubQuestions {
  readonly #options: HubQuestionsOptions;
  readonly #inquiries = new Map<Question, Inquiry>();
  #lastId = 0;

  constructor(options: HubQuestionsOptions) {
    this.#options = options;
  }

  /** Calls `onAnswer` once: at once with a recent answer, or when one arrives, or with an error after the deadline. */
  put(question: Question, onAnswer: Asker): void {
    const { clock, answerReuseMs } = this.#options;
    const inquiry = this.#inquiryOf(question);
    if (clock.nowNs() - inquiry.answeredNs < msToNs(answerReuseMs)) {
      onAnswer(inquiry.answer);
      return;
    }
    if (inquiry.askers.length >= ASKERS_MAX) {
      onAnswer(new CodedError("E_LIMIT_QUEUE"));
      return;
    }
    inquiry.askers.push(onAnswer);
    if (inquiry.askers.length === 1) this.#ask(question, inquiry);
  }

  answered(id: number, text: string | undefined): void {
    for (const inquiry of this.#inquiries.values()) {
      if (inquiry.id !== id || inquiry.askers.length === 0) continue;
      if (text !== undefined) {
        inquiry.answer = text;
        inquiry.answeredNs = this.#options.clock.nowNs();
      }
      this.#settle(inquiry, text ?? new CodedError("E_INTERNAL"));
    }
  }

  #inquiryOf(question: Question): Inquiry {
    let inquiry = this.#inquiries.get(question);
    if (inquiry === undefined) {
      inquiry = {
        id: 0,
        askers: [],
        answer: "",
        answeredNs: Number.NEGATIVE_INFINITY,
      };
      this.#inquiries.set(question, inquiry);
    }
    return inquiry;
  }

  #ask(question: Question, inquiry: Inquiry): void {
    const id = ++this.#lastId;
    inquiry.id = id;
    this.#options.ask(id, question);
    this.#options.timers.after(this.#options.answerMsMax, () => {
      if (inquiry.id === id)
        this.#settle(inquiry, new CodedError("E_TIME_DEADLINE"));
    });
  }

  #settle(inquiry: Inquiry, answer: string | CodedError): void {
    const { askers } = inquiry;
    inquiry.askers = [];
    for (const asker of askers) asker(answer);
  }
}
