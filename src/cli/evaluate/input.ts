/** Reads what an evaluation is made from: the events of a file, or the liked films of a MovieLens directory. */

import { createReadStream, existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseItem } from "../../catalog/item.ts";
import type { Config } from "../../config/config.ts";
import { planOptions } from "../../config/plan-options.ts";
import { systemClock } from "../../core/clock.ts";
import { err } from "../../core/result.ts";
import { effectiveInteraction } from "../../events/interaction.ts";
import type { Interaction } from "../../events/model.ts";
import type { IngestPlan } from "../../events/ports.ts";
import type { ItemText } from "../../recommend/item-text.ts";
import { CommandError, EXIT_FAILED, EXIT_USAGE } from "../exit-codes.ts";
import { eventRowParser, hashedEventId } from "../import/event-rows.ts";
import { chooseSources, type SourceFlags } from "../import/flags.ts";
import { movieLensFiles, ratingEventId } from "../import/movielens.ts";
import { type Fields, SourceError } from "../import/sources.ts";

/** What users took, in file order. */
export interface Input {
  readonly interactions: readonly Interaction[];
  /** What the import would store for each. */
  readonly plans: ReadonlyMap<Interaction, IngestPlan>;
  /** What the catalogue says of items; empty without one. */
  readonly texts: ReadonlyMap<string, ItemText>;
}

/** The films that come with the sources; a compiled program has none. */
const SHIPPED = fileURLToPath(new URL("../../../datasets/ml-latest-small", import.meta.url));

/**
 * `items` is the catalogue that belongs to a file of events; a MovieLens directory brings its own. Throws CommandError,
 * also for the first line that an import would refuse.
 */
export async function readInput(path: string | undefined, config: Config, items?: string): Promise<Input> {
  if (path === undefined && !existsSync(SHIPPED)) {
    throw new CommandError(EXIT_USAGE, "--input is required: a file of events, or a MovieLens directory");
  }
  const file = path ?? SHIPPED;
  const [source] = chooseSources({ kind: "events", format: formatOf(file), file, map: [] });
  if (source === undefined) throw new Error("a format without events");
  const nowMs = systemClock.nowMs();
  const parse = eventRowParser({
    plan: planOptions(config),
    nowMs,
    maxEventFutureMs: config.ingest.maxEventFutureMs,
    idOf: source.isMovieLens ? ratingEventId : hashedEventId,
  });
  const plans = new Map<Interaction, IngestPlan>();
  try {
    for await (const record of source.read(createReadStream(source.file))) {
      const refuse = (reason: string) =>
        new CommandError(EXIT_FAILED, `${source.file}: line ${record.line}: ${reason}`);
      if (record.kind === "problem") throw refuse(record.problem);
      const fields = source.isMovieLens ? liked(record.fields) : record.fields;
      if (fields === null) continue;
      const planned = parse(fields);
      if (!planned.ok) throw refuse(planned.error);
      const { event } = planned.value;
      if (event.kind !== "impression") plans.set(effectiveInteraction(event, nowMs), planned.value);
    }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new CommandError(EXIT_FAILED, `${source.file}: ${error.message}`, { cause: error });
  }
  return { interactions: [...plans.keys()], plans, texts: await readTexts(file, items) };
}

async function readTexts(file: string, items: string | undefined): Promise<ReadonlyMap<string, ItemText>> {
  const texts = new Map<string, ItemText>();
  const isMovieLens = formatOf(file) === "movielens";
  if (items === undefined && !(isMovieLens && existsSync(movieLensFiles(file).movies))) return texts;
  const path = items ?? file;
  const [source] = chooseSources({ kind: "items", format: formatOf(path), file: path, map: [] });
  if (source === undefined) throw new Error("a format without items");
  for await (const record of source.read(createReadStream(source.file))) {
    const item = record.kind === "fields" ? parseItem(record.fields) : err(record.problem);
    if (!item.ok) throw new CommandError(EXIT_FAILED, `${source.file}: line ${record.line}: ${item.error}`);
    texts.set(item.value.itemId, item.value);
  }
  return texts;
}

function formatOf(path: string): SourceFlags["format"] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return "movielens";
  return /\.(?:jsonl|ndjson)$/i.test(path) ? "jsonl" : "csv";
}

/**
 * A rating of at least 4, which the import calls a purchase, says that a film was liked; others say nothing here. All
 * weigh 1: with the 10 of a purchase the baseline's popularity would drown its co-visits still more.
 */
const liked = (fields: Fields): Fields | null =>
  fields["event_type"] === "purchase" ? { ...fields, event_type: "view" } : null;
