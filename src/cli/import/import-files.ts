/** Imports the chosen files one after the other. */

import { createReadStream } from "node:fs";
import { parseItem } from "../../catalog/item.ts";
import type { Config } from "../../config/config.ts";
import { planOptions } from "../../config/plan-options.ts";
import { systemClock } from "../../core/clock.ts";
import { IMPORT_CHUNK_SIZE } from "../../stores/postgres/interaction-import.ts";
import type { Pool } from "../../stores/postgres/pool-types.ts";
import { Checkpoint } from "./checkpoint.ts";
import { eventRowParser, hashedEventId } from "./event-rows.ts";
import type { Kind, Source } from "./flags.ts";
import type { ImportResult, RowStore } from "./import-run.ts";
import { ratingEventId } from "./movielens.ts";
import { showProgress } from "./progress.ts";
import { Rejects } from "./rejects.ts";
import { eventRowStore, itemRowStore } from "./row-stores.ts";
import { runImport } from "./run-import.ts";
import { SourceError, type SourceRecord } from "./sources.ts";

export interface ImportOptions {
  readonly config: Config;
  /** Null for a dry run. */
  readonly pool: Pool | null;
  readonly publish: boolean;
  readonly continueOnError: boolean;
  readonly signal: AbortSignal;
}

export interface FileResult extends ImportResult {
  readonly file: string;
  readonly kind: Kind;
  readonly rejectsFile: string;
}

/** Ends at the first file that is not read to its end. Throws SourceError and what stores throw. */
export async function importFiles(
  sources: readonly Source[],
  options: ImportOptions,
): Promise<readonly FileResult[]> {
  const results: FileResult[] = [];
  for (const source of sources) {
    const result = await importFile(source, options);
    results.push(result);
    if (result.end !== "finished") break;
  }
  return results;
}

async function importFile(source: Source, options: ImportOptions): Promise<FileResult> {
  const { config, pool, continueOnError, signal } = options;
  const { file, kind } = source;
  using rejects = new Rejects(file);
  using progress = showProgress(kind, file);
  const checkpoint = new Checkpoint(config.dataDir, file, source.reading);
  const target = <Row>(storeOn: (pool: Pool) => RowStore<Row>) => pool && { checkpoint, rows: storeOn(pool) };
  const common = {
    records: recordsOf(source),
    chunkSize: IMPORT_CHUNK_SIZE,
    rejects,
    continueOnError,
    signal,
    onProgress: progress.update,
  };
  const result =
    kind === "items"
      ? await runImport({ ...common, parse: parseItem, target: target(itemRowStore) })
      : await runImport({
          ...common,
          parse: eventParser(config, source.isMovieLens),
          target: target((db) => eventRowStore(db, options.publish)),
        });
  return { ...result, file, kind, rejectsFile: rejects.path };
}

async function* recordsOf({ file, read }: Source): AsyncGenerator<SourceRecord> {
  try {
    yield* read(createReadStream(file));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new SourceError(`${file}: ${error.message}`, { cause: error });
  }
}

const eventParser = (config: Config, isMovieLens: boolean) =>
  eventRowParser({
    plan: planOptions(config),
    nowMs: systemClock.nowMs(),
    maxEventFutureMs: config.ingest.maxEventFutureMs,
    idOf: isMovieLens ? ratingEventId : hashedEventId,
  });
