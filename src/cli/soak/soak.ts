/** One soak run: trees, load and faults side by side, then the verdict. */

import type { Config } from "../../config/config.ts";
import { systemClock } from "../../core/clock.ts";
import { seededRandom } from "../../core/random.ts";
import { openPool } from "../../stores/postgres/pool.ts";
import { ApiClient } from "../acceptance/api-client.ts";
import { Cluster } from "./cluster.ts";
import { planFaults } from "./fault-plan.ts";
import { History } from "./history.ts";
import { inject, type Struck } from "./injector.ts";
import { runLoad } from "./load.ts";
import { reportOf, type SoakReport } from "./report.ts";
import { judge } from "./verdict.ts";

/** Longer than any deadline of the server. */
const REQUEST_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 60_000;

export interface SoakOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly rate: number;
  /** Brokers to put the event log on; null is the embedded one. */
  readonly kafka: Config["kafka"];
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { seed, durationMs, rate, kafka, signal, onProgress } = options;
  const unexpected: string[] = [];
  const faults: Struck[] = [];
  const history = new History();
  const random = seededRandom(seed);
  const plan = planFaults(random, durationMs);
  onProgress(`seed ${seed}: ${plan.length} faults in ${durationMs / 1000} s`);
  const verdict = await (async () => {
    await using cluster = await Cluster.start(logSettings(kafka), (end) => {
      unexpected.push(end);
      onProgress(end);
    });
    using api = new ApiClient({
      baseUrl: `http://127.0.0.1:${cluster.port}`,
      apiKey: null,
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
    const loadEnd = new AbortController();
    const failed = new AbortController();
    const giveUp = AbortSignal.any([signal, failed.signal]);
    const post = (path: string, body: unknown) => api.post(path, body);
    const load = runLoad(
      { seed, rate, signal: loadEnd.signal, giveUp },
      { post, clock: systemClock, history },
    );
    const onFault = (struck: Struck) => {
      faults.push(struck);
      onProgress(describe(struck));
    };
    const injecting = inject(plan, { cluster, clock: systemClock, random, onFault }, signal);
    const lasting = systemClock.sleep(durationMs, signal);
    try {
      await Promise.all([injecting, lasting]);
    } catch (error) {
      failed.abort();
      throw error;
    } finally {
      loadEnd.abort();
      await load;
    }
    signal.throwIfAborted();
    await cluster.ensureRunning();
    onProgress(
      `${history.acknowledged().length} of ${history.events.length} events acknowledged; waiting for quiet`,
    );
    await using pool = openPool({
      url: cluster.storeUrl(),
      applicationName: "reco-soak",
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    });
    return await judge(pool, cluster.config, history);
  })();
  unexpected.push(...history.unexpected);
  const eventLog = kafka === null ? "embedded" : "kafka";
  return reportOf({ seed, durationMs, rate, eventLog, history, faults, unexpected, verdict });
}

/** Topics and groups of this run alone: brokers may serve others. */
function logSettings(kafka: Config["kafka"]): Record<string, string> {
  if (kafka === null) return {};
  const run = `reco-soak-${systemClock.nowMs()}-${process.pid}`;
  return {
    KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrapServers.join(","),
    KAFKA_REQUEST_TIMEOUT_MS: String(kafka.requestTimeoutMs),
    KAFKA_TOPIC_PARTITIONS: String(kafka.topicPartitions),
    KAFKA_TOPIC_REPLICATION: String(kafka.topicReplication),
    KAFKA_TOPIC_IMPRESSIONS: `${run}.impressions`,
    KAFKA_TOPIC_WATCHES: `${run}.watches`,
    FEATURE_CONSUMER_GROUP_ID: run,
  };
}

function describe({ atMs, verb, target, forMs, pids }: Struck): string {
  const length = verb === "freeze" ? ` for ${forMs} ms` : "";
  return `${(atMs / 1000).toFixed(1)} s: ${verb} ${target}${length} (pid ${pids[0]})`;
}
