/** How deep the microstructure features look. */

/** Levels of each side; the top of a book is four numbers a level, as OrderBook.copyTop lays them out. */
export const MICRO_LEVELS = 10;
