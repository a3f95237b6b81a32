/** A book's sides as levels on the wire: flat, best first. */
import type { Levels } from "../domain/market-event.ts";
import type { OrderBook } from "../market/order-book.ts";

export const bidsOf = (book: OrderBook): Levels => {
  const levels: number[] = [];
  for (let i = 0; i < book.bidCount; i++)
    levels.push(book.bidPrice(i), book.bidSize(i));
  return levels;
};

export const asksOf = (book: OrderBook): Levels => {
  const levels: number[] = [];
  for (let i = 0; i < book.askCount; i++)
    levels.push(book.askPrice(i), book.askSize(i));
  return levels;
};
