/** Articles with a sentiment model's verdict out of a file of JSON lines. */
import { readFile } from "node:fs/promises";
import type { Article } from "../features/news-windows.ts";
import { CodedError } from "../std/errors.ts";

/** In the order in which they were received; E_INPUT_SCHEMA names the line that is none. */
export const articlesOf = async (path: string): Promise<Article[]> => {
  const lines = (await readFile(path, "utf8")).split("\n");
  const articles: Article[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const article = articleOf(line);
    if (article === undefined)
      throw new CodedError("E_INPUT_SCHEMA", {
        field: "news",
        detail: `${path}, line ${i + 1}: receivedUs, positive, negative and neutral are expected`,
      });
    articles.push(article);
  }
  return articles.sort((a, b) => a.receivedUs - b.receivedUs);
};

const articleOf = (line: string): Article | undefined => {
  const told = parsed(line);
  const { receivedUs, publishedUs = receivedUs } = told;
  const { positive, negative, neutral, headline = "", source = "" } = told;
  const isArticle =
    isTime(receivedUs) &&
    isTime(publishedUs) &&
    isShare(positive) &&
    isShare(negative) &&
    isShare(neutral) &&
    typeof headline === "string" &&
    typeof source === "string";
  return isArticle
    ? { receivedUs, publishedUs, positive, negative, neutral, headline, source }
    : undefined;
};

const isTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const isShare = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value <= 1;

const parsed = (line: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : {};
  } catch {
    return {};
  }
};
