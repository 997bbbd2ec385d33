/** The migrations this build brings, and those of a folder given instead; a new file is added to the list here. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import initialSchema from "../../../migrations/0001_initial_schema.sql" with { type: "text" };
import eventBackbone from "../../../migrations/0002_event_backbone.sql" with { type: "text" };
import featureConsumerDlq from "../../../migrations/0003_feature_consumer_dlq.sql" with { type: "text" };
import pipeline from "../../../migrations/0004_pipeline.sql" with { type: "text" };
import streamingRules from "../../../migrations/0005_streaming_rules.sql" with { type: "text" };
import auditLog from "../../../migrations/0006_audit_log.sql" with { type: "text" };
import verifier from "../../../migrations/0007_verifier.sql" with { type: "text" };
import models from "../../../migrations/0009_models.sql" with { type: "text" };
import catalogUsers from "../../../migrations/0010_catalog_users.sql" with { type: "text" };
import policyRegistry from "../../../migrations/0011_policy_registry.sql" with { type: "text" };
import eventLogGeneration from "../../../migrations/0025_event_log_generation.sql" with { type: "text" };
import servedSlates from "../../../migrations/0026_served_slates.sql" with { type: "text" };
import keptLists from "../../../migrations/0030_kept_lists.sql" with { type: "text" };
import trendingScores from "../../../migrations/0032_trending_scores.sql" with { type: "text" };
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
  "0005_streaming_rules.sql": streamingRules,
  "0006_audit_log.sql": auditLog,
  "0007_verifier.sql": verifier,
  "0009_models.sql": models,
  "0010_catalog_users.sql": catalogUsers,
  "0011_policy_registry.sql": policyRegistry,
  "0025_event_log_generation.sql": eventLogGeneration,
  "0026_served_slates.sql": servedSlates,
  "0030_kept_lists.sql": keptLists,
  "0032_trending_scores.sql": trendingScores,
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
  const { migrations, faults } = inspectMigrations(dir);
  const [fault] = faults;
  if (fault !== undefined) throw fault;
  return migrations;
}

/** The same with everything that is wrong with the folder. Throws what reading it throws. */
export function inspectMigrations(dir: string): {
  readonly migrations: readonly Migration[];
  readonly faults: readonly MigrationError[];
} {
  const names = readdirSync(dir).filter((name) => name.endsWith(".sql"));
  const read = (name: string) => readFileSync(join(dir, name), "utf8");
  const numbered = names.filter((name) => name !== FALLBACK_FILE).sort();
  if (numbered.length > 0) {
    const migrations = numbered.map((name) => migration(name, read(name)));
    return { migrations, faults: namingFaults(numbered) };
  }
  if (names.length > 0) return { migrations: [migration(FALLBACK_VERSION, read(FALLBACK_FILE))], faults: [] };
  return { migrations: [], faults: [new MigrationError("bad_files", null, `no migration file in ${dir}`)] };
}

/** Refuses bad names, repeated numbers and a list that is not in order. */
export function checkedMigrations(
  files: readonly (readonly [name: string, text: string])[],
): readonly Migration[] {
  const [fault] = namingFaults(files.map(([name]) => name));
  if (fault !== undefined) throw fault;
  return files.map(([name, text]) => migration(name, text));
}

/** Every name that is bad, repeats a number or is out of order. */
function namingFaults(names: readonly string[]): readonly MigrationError[] {
  const faults: MigrationError[] = [];
  let last = "";
  for (const name of names) {
    const number = sequenceOf(name);
    if (number === null) faults.push(badFile(name, "must be named NNNN_words.sql, in lower case"));
    else if (number === last) faults.push(badFile(name, `repeats the number ${last}`));
    else if (number < last) faults.push(badFile(name, `comes after number ${last}`));
    else last = number;
  }
  return faults;
}

/** The four digits a file's name starts with, or null when the name is bad. */
export const sequenceOf = (name: string): string | null => (NAME.test(name) ? name.slice(0, 4) : null);

const badFile = (name: string, why: string) =>
  new MigrationError("bad_files", name, `migration file ${name} ${why}`);

const migration = (version: string, text: string): Migration => ({
  version,
  text,
  checksum: createHash("sha256").update(text, "utf8").digest("hex"),
});
