/** The few things that the views do to the document: find, make, and change only what differs. */

export const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`#${id} is not in the page`);
  return found;
};

export const make = (
  tag: string,
  className = "",
  children: readonly (Node | string)[] = [],
): HTMLElement => {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
};

/** Writes only a text that changed: an equal one would still cost a layout. */
export const setText = (node: HTMLElement, text: string): void => {
  if (node.textContent !== text) node.textContent = text;
};

export const setClass = (node: HTMLElement, className: string): void => {
  if (node.className !== className) node.className = className;
};

export const setTitle = (node: HTMLElement, title: string): void => {
  if (node.title !== title) node.title = title;
};

/** A style by the object model, which the content security policy allows where it forbids style attributes. */
export const setVar = (
  node: HTMLElement,
  name: string,
  value: string,
): void => {
  if (node.style.getPropertyValue(name) !== value)
    node.style.setProperty(name, value);
};

/** Keeps one element per key under `parent`, in the order of `keys`; makes missing ones, drops the others. */
export class KeyedRows<R extends { readonly root: HTMLElement }> {
  readonly #parent: HTMLElement;
  readonly #create: (key: string) => R;
  readonly #rows = new Map<string, R>();

  constructor(parent: HTMLElement, create: (key: string) => R) {
    this.#parent = parent;
    this.#create = create;
  }

  get(key: string): R | undefined {
    return this.#rows.get(key);
  }

  show(keys: readonly string[]): void {
    const wanted = new Set(keys);
    for (const [key, row] of this.#rows)
      if (!wanted.has(key)) {
        row.root.remove();
        this.#rows.delete(key);
      }
    let after: Element | null = null;
    for (const key of keys) {
      let row = this.#rows.get(key);
      if (row === undefined) {
        row = this.#create(key);
        this.#rows.set(key, row);
      }
      const place: Element | null =
        after === null
          ? this.#parent.firstElementChild
          : after.nextElementSibling;
      if (place !== row.root) this.#parent.insertBefore(row.root, place);
      after = row.root;
    }
  }
}

/** A table row whose cells are written by position. */
export interface CellRow {
  readonly root: HTMLElement;
  readonly cells: readonly HTMLElement[];
}

export const cellRow = (classNames: readonly string[]): CellRow => {
  const cells = classNames.map((name) => make("td", name));
  return { root: make("tr", "", cells), cells };
};

/** A bar that fills `--at` of its cell. */
export const bar = (className: string): HTMLElement =>
  make("span", `bar ${className}`);
