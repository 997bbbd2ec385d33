/** From the spawn to the first good `/readyz`: on an empty folder, and on one that exists; beside PostgreSQL alone. */

import { startEmbedded } from "../../src/stores/postgres/embedded.ts";
import { freePort } from "../../tests/support/ports.ts";
import { emptyFolder } from "../data/seeded-folder.ts";
import { figure } from "../support/figure.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import { Server } from "../support/server.ts";

const STOP_MS = 30_000;

interface Round {
  readonly first: number;
  readonly second: number;
  readonly postgresFirst: number;
  readonly postgresSecond: number;
}

export async function start({ rounds: count }: PartOptions): Promise<PartResult> {
  const rounds: Round[] = [];
  for (let round = 0; round < count; round++) {
    const bare = emptyFolder("start-postgres");
    const postgresFirst = await postgresMs(bare);
    const postgresSecond = await postgresMs(bare);
    const whole = emptyFolder("start-tree");
    const first = await treeMs(whole);
    rounds.push({ first, second: await treeMs(whole), postgresFirst, postgresSecond });
  }
  const beside = (pick: (round: Round) => number, reference: (round: Round) => number) =>
    rounds.map((round) => ({ value: pick(round), reference: reference(round) }));
  return {
    figures: [
      figure(
        "first start, empty folder",
        "ms",
        "PostgreSQL alone",
        beside(
          ({ first }) => first,
          ({ postgresFirst }) => postgresFirst,
        ),
        { of: "value", is: "<=", limit: 60_000 },
      ),
      figure(
        "second start",
        "ms",
        "PostgreSQL alone",
        beside(
          ({ second }) => second,
          ({ postgresSecond }) => postgresSecond,
        ),
        { of: "value", is: "<=", limit: 3_000 },
      ),
    ],
    rounds,
    refused: [],
  };
}

async function postgresMs(dataDir: string): Promise<number> {
  const startedMs = performance.now();
  const server = await startEmbedded({ dataDir, port: freePort() });
  const ms = performance.now() - startedMs;
  await server.stop(STOP_MS);
  return ms;
}

async function treeMs(dataDir: string): Promise<number> {
  await using tree = await Server.serve(dataDir);
  return tree.readyMs;
}
