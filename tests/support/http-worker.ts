/** An http actor on a free port and a test's database, with everything it told its peers. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../src/actors/http.ts";
import type { ActorArgs } from "../../src/actors/tree.ts";
import { chooseFreePort } from "../../src/stores/postgres/embedded.ts";
import type { Actor } from "../../src/supervisor/actor.ts";
import type { MetricsSnapshot } from "../../src/telemetry/metrics-types.ts";
import { createTestContext, type PeerScript, type TestContext } from "./actor-context.ts";
import type { TestDatabase } from "./databases.ts";
import { type ConfigOverrides, testConfig } from "./fakes/http-services.ts";

export interface HttpWorker extends AsyncDisposable {
  readonly actor: Actor;
  readonly context: TestContext<ActorArgs>;
  readonly url: string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
  /** A counter of this worker; 0 when it was never set. */
  counted(name: string, labels: Readonly<Record<string, string>>): number;
}

/** A folder of its own for the actors of a test; remove it with `dispose`. */
export function aDataDir(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "reco-actors-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Arguments of an actor that logs nothing below an error. */
export const actorArgs = (
  databaseUrl: string,
  dataDir: string,
  overrides: ConfigOverrides = {},
): ActorArgs => ({
  config: { ...testConfig({ ...overrides, log: { level: "error", ...overrides.log } }), dataDir },
  databaseUrl,
});

export async function startHttpWorker(
  database: Pick<TestDatabase, "url">,
  overrides: ConfigOverrides = {},
  peers: Readonly<Record<string, PeerScript>> = {},
): Promise<HttpWorker> {
  const dataDir = aDataDir();
  const port = await chooseFreePort();
  const http = { host: "127.0.0.1", port, workers: 2, ...overrides.http };
  const context = createTestContext({
    id: "http-0",
    args: actorArgs(database.url, dataDir.path, {
      // Nobody waits for a slow test machine to be rescued by the fallback ladder.
      reco: { deadlineMs: 5_000, ...overrides.reco },
      ...overrides,
      http,
    }),
    peers: { writer: {}, relay: {}, "http-1": {}, ...peers },
    survey: async (question) => [{ id: "http-0", answer: actor.report?.(question) }],
  });
  const actor = await start(context);
  const url = `http://127.0.0.1:${port}`;
  return {
    actor,
    context,
    url,
    get: (path, headers = {}) => fetch(`${url}${path}`, { headers }),
    post: (path, body) =>
      fetch(`${url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    counted: (name, labels) => countedBy(actor, name, labels),
    async [Symbol.asyncDispose]() {
      await actor.stop?.();
      dataDir[Symbol.dispose]();
    },
  };
}

/** A counter as the actor reports it; 0 when it was never set. */
export function countedBy(actor: Actor, name: string, labels: Readonly<Record<string, string>>): number {
  const snapshot = actor.report?.("metrics") as MetricsSnapshot | undefined;
  const series = snapshot?.series.find(
    (entry) => entry.name === name && Bun.deepEquals(entry.labels, labels),
  );
  return series?.values[0] ?? 0;
}
