/** Where a venue's numbering stood when it was last believed: a void book forgets nothing of it. */
export interface Numbered {
  readonly seq: number;
  readonly eventUs: number;
}

export class SeenNumbers {
  #seq = -1;
  #eventUs = 0;

  get eventUs(): number {
    return this.#eventUs;
  }

  /** Late ones come after later ones. */
  saw({ seq, eventUs }: Numbered): void {
    if (seq > this.#seq) this.#seq = seq;
    this.#eventUs = eventUs;
  }

  /** It came, but could not be taken: no older book is news for all that. */
  lost({ seq, eventUs }: Numbered): void {
    if (seq > this.#seq) this.#seq = seq;
    if (eventUs > this.#eventUs) this.#eventUs = eventUs;
  }

  /** From before what was seen, by its number. */
  isOld({ seq }: Pick<Numbered, "seq">): boolean {
    return seq < this.#seq;
  }

  /** Old by its number, but dated later: proof of a new count only where no number outlives the process that gave it. */
  isRenumbered(event: Numbered): boolean {
    return this.isOld(event) && event.eventUs > this.#eventUs;
  }

  /** Any number may come next. */
  forget(): void {
    this.#seq = -1;
  }
}
