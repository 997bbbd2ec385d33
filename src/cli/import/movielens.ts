/** The MovieLens CSV layout as interactions and items. */

import { join } from "node:path";
import type { EventId } from "../../core/ids.ts";
import { readCsv } from "./csv.ts";
import type { Fields, SourceRecord } from "./sources.ts";

export const movieLensFiles = (directory: string) => ({
  ratings: join(directory, "ratings.csv"),
  movies: join(directory, "movies.csv"),
});

const RATINGS = {
  renames: new Map([
    ["userId", "user_id"],
    ["movieId", "item_id"],
    ["timestamp", "ts"],
  ]),
  required: ["user_id", "item_id", "rating", "ts"],
};
const MOVIES = { renames: new Map([["movieId", "item_id"]]), required: ["item_id", "title", "genres"] };

/** A rating of at least 4 is a `purchase`, of at least 3 a `click`, any other a `view`. */
export async function* readRatings(bytes: AsyncIterable<Buffer>): AsyncGenerator<SourceRecord> {
  for await (const record of readCsv(bytes, RATINGS)) {
    yield record.kind === "fields" ? asEvent(record) : record;
  }
}

function asEvent(record: Extract<SourceRecord, { kind: "fields" }>): SourceRecord {
  const { line, bytesRead } = record;
  const { rating, ...fields } = record.fields;
  const stars = rating === undefined ? Number.NaN : Number(rating);
  if (!Number.isFinite(stars)) {
    return { kind: "problem", line, bytesRead, problem: "rating: must be a number", raw: record.fields };
  }
  const event_type = stars >= 4 ? "purchase" : stars >= 3 ? "click" : "view";
  return { ...record, fields: { ...fields, event_type } };
}

/** A user rates a film once, so the pair names the event. */
export const ratingEventId = (fields: Fields) => `ml-${fields["user_id"]}-${fields["item_id"]}` as EventId;

const YEAR_AT_END = /\((\d{4})\)\s*$/;
const NO_GENRES = "(no genres listed)";

/** Title, genres as tags, and the year of the title as attribute. */
export async function* readMovies(bytes: AsyncIterable<Buffer>): AsyncGenerator<SourceRecord> {
  for await (const record of readCsv(bytes, MOVIES)) {
    yield record.kind === "fields" ? { ...record, fields: asItem(record.fields) } : record;
  }
}

function asItem({ genres, ...fields }: Fields): Fields {
  const title = String(fields["title"] ?? "");
  const year = YEAR_AT_END.exec(title)?.[1];
  return {
    ...fields,
    tags: genres === undefined || genres === NO_GENRES ? [] : String(genres).split("|"),
    attributes: year === undefined ? {} : { year: Number(year) },
  };
}
