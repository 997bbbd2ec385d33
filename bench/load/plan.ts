/** What a load run is asked to do, and what it measured; the generator is a process of its own. */

import { join } from "node:path";
import type { ThreadUse } from "../support/cpu.ts";

/** Users and items are drawn at random from `0` to the given number. */
export type RequestPlan =
  | { readonly kind: "reco"; readonly users: number; readonly autolog: boolean }
  | { readonly kind: "health" }
  /** Asks for each user once, in scattered order; `each` names what stands in the order. */
  | { readonly kind: "each-user"; readonly users: number }
  | { readonly kind: "event" | "watch"; readonly users: number; readonly items: number }
  | { readonly kind: "batch"; readonly users: number; readonly items: number; readonly size: number };

export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  readonly request: RequestPlan;
  /**
   * `null`: closed loop, each connection sends its next request at once. A number: open loop at that many requests a
   * second, whatever the server does; a latency counts from the moment the request was due.
   */
  readonly ratePerSec: number | null;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Closed loop: ends after this many requests; then `measureMs` is a limit. */
  readonly requests?: number;
  /** Processes whose CPU time is taken at both ends of the measured window. */
  readonly pids: readonly number[];
}

export interface Latencies {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly perSec: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Connections that the server closed. */
  readonly broken: number;
  /** Requests that were due in the window and had no answer at its end; 0 in a closed loop. */
  readonly unanswered: number;
  /** Share of a sample of the answers that said `X-Reco-Degraded`. */
  readonly degraded: number;
  readonly latencyMs: Latencies;
  /** What each thread of the named processes used in the window. */
  readonly threads: readonly ThreadUse[];
  /** Share of one core that the generator used. */
  readonly generatorBusy: number;
}

const GENERATOR = join(import.meta.dir, "generator.ts");

/** Runs one load to its end. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const generator = startLoad(plan);
  return await generator.result;
}

/** Starts a load that another one runs beside. */
export function startLoad(plan: LoadPlan): { readonly result: Promise<LoadResult>; stop(): void } {
  const child = Bun.spawn([process.execPath, GENERATOR, JSON.stringify(plan)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const result = new Response(child.stdout).text().then(async (text) => {
    if ((await child.exited) !== 0) throw new Error("the load generator failed");
    return JSON.parse(text) as LoadResult;
  });
  return { result, stop: () => child.kill("SIGTERM") };
}
