/** The MovieLens CSV layout as interactions and items. */

import { join } from "node:path";
import type { EventId } from "../../core/ids.ts";
import type { SourceRecord } from "./sources.ts";
import { readCsv } from "./sources.ts";

export const movieLensFiles = (directory: string) => ({
  ratings: join(directory, "ratings.csv"),
  movies: join(directory, "movies.csv"),
});

const RATING_COLUMNS = new Map([
  ["userId", "user_id"],
  ["movieId", "item_id"],
  ["timestamp", "ts"],
]);

/** A rating of at least 4 is a `purchase`, of at least 3 a `click`, any other a `view`. */
export async function* readRatings(file: string): AsyncGenerator<SourceRecord> {
  for await (const record of readCsv(file, RATING_COLUMNS)) {
    if (!("fields" in record)) {
      yield record;
      continue;
    }
    const { rating, ...fields } = record.fields;
    const stars = Number(rating);
    if (rating === undefined || Number.isNaN(stars)) {
      yield { ...record, problem: "rating: must be a number", raw: JSON.stringify(record.fields) };
      continue;
    }
    const event_type = stars >= 4 ? "purchase" : stars >= 3 ? "click" : "view";
    yield { ...record, fields: { ...fields, event_type } };
  }
}

/** A user rates a film once, so the pair names the event. */
export const ratingEventId = (fields: Readonly<Record<string, unknown>>) =>
  `ml-${fields["user_id"]}-${fields["item_id"]}` as EventId;

const MOVIE_COLUMNS = new Map([["movieId", "item_id"]]);
const YEAR_AT_END = /\((\d{4})\)\s*$/;

/** Title, genres as tags, and the year of the title as attribute. */
export async function* readMovies(file: string): AsyncGenerator<SourceRecord> {
  for await (const record of readCsv(file, MOVIE_COLUMNS)) {
    if (!("fields" in record)) {
      yield record;
      continue;
    }
    const { item_id, title, genres } = record.fields as { item_id?: string; title?: string; genres?: string };
    const year = title?.match(YEAR_AT_END)?.[1];
    const tags = genres === undefined || genres === "(no genres listed)" ? [] : genres.split("|");
    yield {
      ...record,
      fields: { item_id, title, tags, attributes: year === undefined ? {} : { year: Number(year) } },
    };
  }
}
