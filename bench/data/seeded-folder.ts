/** A data folder with the seeded database, made once and copied for each run. */

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { Deadline } from "../../src/core/deadline.ts";
import { startEmbedded } from "../../src/stores/postgres/embedded.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";
import { embeddedMigrations } from "../../src/stores/postgres/migration-files.ts";
import { freePort } from "../../tests/support/ports.ts";
import { EVENTS_PER_USER, ITEMS, USERS } from "./names.ts";

const ROOT = join(import.meta.dir, "..", "..", ".tmp", "bench");
const SEED = readFileSync(join(import.meta.dir, "seed.sql"), "utf8")
  .replaceAll(":items", String(ITEMS))
  .replaceAll(":users", String(USERS))
  .replaceAll(":events_per_user", String(EVENTS_PER_USER));
/** Later migrations fill their tables from the events, once these are there. */
const FILLED_FROM_EVENTS = "0005";
const MIGRATION_MS = 600_000;

/** A fresh copy of the seeded folder, empty of earlier runs. */
export async function seededFolder(): Promise<string> {
  const migrations = embeddedMigrations();
  const versions = migrations.map(({ checksum }) => checksum).join(" ");
  const template = join(
    ROOT,
    `template-${createHash("sha256")
      .update(versions + SEED)
      .digest("hex")
      .slice(0, 12)}`,
  );
  if (!existsSync(template)) await makeTemplate(template);
  const copy = emptyFolder("run");
  cpSync(template, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** An empty folder below the bench's own. */
export function emptyFolder(name: string): string {
  const folder = join(ROOT, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

async function makeTemplate(template: string): Promise<void> {
  console.error("seeding the database, once for this schema …");
  const draft = emptyFolder("draft");
  for (const name of readdirSync(ROOT)) {
    if (name.startsWith("template-")) rmSync(join(ROOT, name), { recursive: true });
  }
  const server = await startEmbedded({ dataDir: draft, port: freePort() });
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  try {
    const first = embeddedMigrations().filter(({ version }) => version < FILLED_FROM_EVENTS);
    await migrate({ url: server.url, migrations: first, deadline: Deadline.after(MIGRATION_MS) });
    await sql.unsafe(SEED);
    await migrate({ url: server.url, deadline: Deadline.after(MIGRATION_MS) });
    await sql.unsafe("vacuum analyze");
    await sql.unsafe("checkpoint");
  } finally {
    await sql.end();
    await server.stop(30_000);
  }
  renameSync(draft, template);
}
