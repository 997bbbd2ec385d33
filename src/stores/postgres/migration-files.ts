/** The migrations this build brings, and those of a folder given instead; a new file is added to the list here. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import initialSchema from "../../../migrations/0001_initial_schema.sql" with { type: "text" };
import eventBackbone from "../../../migrations/0002_event_backbone.sql" with { type: "text" };
import featureConsumerDlq from "../../../migrations/0003_feature_consumer_dlq.sql" with { type: "text" };
import pipeline from "../../../migrations/0004_pipeline.sql" with { type: "text" };
import { MigrationError } from "./migration-error.ts";

export interface Migration {
  /** The file's name. */
  readonly version: string;
  readonly text: string;
  /** SHA-256 of the text, in hex. */
  readonly checksum: string;
}

const EMBEDDED = {
  "0001_initial_schema.sql": initialSchema,
  "0002_event_backbone.sql": eventBackbone,
  "0003_feature_consumer_dlq.sql": featureConsumerDlq,
  "0004_pipeline.sql": pipeline,
};
const NAME = /^\d{4}_[a-z0-9_]+\.sql$/;
const FALLBACK_FILE = "schema.sql";
const FALLBACK_VERSION = "legacy_schema.sql";

/** The migrations inside this build, in order. */
export function embeddedMigrations(): readonly Migration[] {
  return checkedMigrations(Object.entries(EMBEDDED));
}

/** The migrations of a folder, in order; its merged `schema.sql` when it holds no migration. Throws MigrationError. */
export function readMigrations(dir: string): readonly Migration[] {
  const names = readdirSync(dir).filter((name) => name.endsWith(".sql"));
  const read = (name: string) => readFileSync(join(dir, name), "utf8");
  const numbered = names.filter((name) => name !== FALLBACK_FILE).sort();
  if (numbered.length > 0) return checkedMigrations(numbered.map((name) => [name, read(name)]));
  if (names.length === 0) throw new MigrationError("bad_files", null, `no migration file in ${dir}`);
  return [migration(FALLBACK_VERSION, read(FALLBACK_FILE))];
}

/** Refuses bad names, repeated numbers and a list that is not in order. */
export function checkedMigrations(
  files: readonly (readonly [name: string, text: string])[],
): readonly Migration[] {
  let last = "";
  for (const [name] of files) {
    if (!NAME.test(name)) throw badFile(name, "must be named NNNN_words.sql, in lower case");
    if (name.slice(0, 4) === last) throw badFile(name, `repeats the number ${last}`);
    if (name.slice(0, 4) < last) throw badFile(name, `comes after number ${last}`);
    last = name.slice(0, 4);
  }
  return files.map(([name, text]) => migration(name, text));
}

const badFile = (name: string, why: string) =>
  new MigrationError("bad_files", name, `migration file ${name} ${why}`);

const migration = (version: string, text: string): Migration => ({
  version,
  text,
  checksum: createHash("sha256").update(text, "utf8").digest("hex"),
});
