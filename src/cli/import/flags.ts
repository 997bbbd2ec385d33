/** Decides from the flags of `reco import` which files to read, and how. */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { CommandError, EXIT_FAILED, EXIT_USAGE } from "../exit-codes.ts";
import { readCsv } from "./csv.ts";
import { readJsonl } from "./jsonl.ts";
import { movieLensFiles, readMovies, readRatings } from "./movielens.ts";
import type { Renames, SourceRecord } from "./sources.ts";

export const KINDS = ["events", "items"] as const;
export const FORMATS = ["csv", "jsonl", "movielens"] as const;
export type Kind = (typeof KINDS)[number];

export interface SourceFlags {
  /** Left out: events, and of MovieLens both. */
  readonly kind?: Kind;
  readonly format: (typeof FORMATS)[number];
  readonly file: string;
  readonly map: readonly string[];
}

/** One file to read, and what its records are. */
export interface Source {
  /** Absolute. */
  readonly file: string;
  readonly kind: Kind;
  /** All that decides how a line is understood. */
  readonly reading: readonly string[];
  readonly isMovieLens: boolean;
  readonly read: (bytes: AsyncIterable<Buffer>) => AsyncIterable<SourceRecord>;
}

/** Throws CommandError when a flag or a path is no good. */
export function chooseSources(flags: SourceFlags): readonly Source[] {
  const sources = flags.format === "movielens" ? movieLensSources(flags) : [tableSource(flags)];
  for (const { file } of sources) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) throw new CommandError(EXIT_FAILED, `${file} is not a file`);
  }
  return sources;
}

/** Items come first, so that events are never about films the catalogue does not know yet. */
function movieLensSources({ file, kind, map }: SourceFlags): readonly Source[] {
  if (map.length > 0) throw new CommandError(EXIT_USAGE, "--map does not go with --format movielens");
  const { movies, ratings } = movieLensFiles(resolve(file));
  const common = { reading: ["movielens"], isMovieLens: true };
  const sources: readonly Source[] = [
    { ...common, file: movies, kind: "items", read: readMovies },
    { ...common, file: ratings, kind: "events", read: readRatings },
  ];
  return sources.filter((source) => kind === undefined || source.kind === kind);
}

function tableSource({ file: path, kind = "events", format, map }: SourceFlags): Source {
  const file = resolve(path);
  const renames = parseRenames(map);
  const required = kind === "items" ? ["item_id"] : ["user_id"];
  return {
    file,
    kind,
    reading: [kind, format, ...map],
    isMovieLens: false,
    read: (bytes) => (format === "csv" ? readCsv(bytes, { renames, required }) : readJsonl(bytes, renames)),
  };
}

function parseRenames(entries: readonly string[]): Renames {
  const renames = new Map<string, string>();
  for (const entry of entries) {
    const [from, to, more] = entry.split("=");
    if (!from || !to || more !== undefined) {
      throw new CommandError(EXIT_USAGE, `--map takes from=to, not ${entry}`);
    }
    if (renames.has(from)) throw new CommandError(EXIT_USAGE, `--map renames ${from} twice`);
    renames.set(from, to);
  }
  return renames;
}
