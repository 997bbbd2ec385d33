/** A PostgreSQL server with a made-up catalogue and what its users did, streamed in and never held as a whole. */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { Deadline } from "../../src/core/deadline.ts";
import { startEmbedded } from "../../src/stores/postgres/embedded.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";
import { freePort } from "../../tests/support/ports.ts";
import { type CatalogueOptions, catalogueEvents } from "../data/large-catalogue.ts";

const MIGRATION_MS = 600_000;
const STOP_MS = 30_000;
const LINES_PER_CHUNK = 1_000;

export interface CatalogueStore extends AsyncDisposable {
  readonly url: string;
}

export async function fillCatalogue(dataDir: string, options: CatalogueOptions): Promise<CatalogueStore> {
  const server = await startEmbedded({ dataDir, port: freePort() });
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  try {
    await migrate({ url: server.url, deadline: Deadline.after(MIGRATION_MS) });
    await sql`
      insert into items (item_id, title, category)
      select 'item-' || i, 'Thing ' || i % 977, 'department-' || i % (${options.items}::int / 1000)
      from generate_series(0, ${options.items}::int - 1) as i`;
    const rows = await sql`copy events (event_id, user_id, item_id, event_type, ts) from stdin`.writable();
    await pipeline(Readable.from(chunksOf(options)), rows);
    await sql`vacuum analyze`;
  } finally {
    await sql.end();
  }
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop(STOP_MS) };
}

function* chunksOf(options: CatalogueOptions): Generator<string> {
  let lines: string[] = [];
  let number = 0;
  for (const { userId, itemId, signal, tsMs } of catalogueEvents(options)) {
    lines.push(`made-${number++}\t${userId}\t${itemId}\t${signal}\t${new Date(tsMs).toISOString()}\n`);
    if (lines.length < LINES_PER_CHUNK) continue;
    yield lines.join("");
    lines = [];
  }
  yield lines.join("");
}
