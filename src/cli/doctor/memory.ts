/** Checks that the memory the machine grants holds the tree at rest, and with its pools and caches full. */

import { totalmem } from "node:os";
import { trainingMemoryBytes } from "../../actors/trainer-decide.ts";
import type { Config } from "../../config/config.ts";
import { connectionBudget } from "../../config/connection-budget.ts";
import { hasTrainer } from "../../config/has-trainer.ts";
import { fail, pass, type Verdict, warn } from "./check.ts";
import { MEBIBYTE } from "./disk-space.ts";

/** Measured on an idle tree, rounded up: the root with one http thread, a process actor, one more http thread. */
const ROOT_MIB = 100;
const PROCESS_MIB = 64;
const HTTP_THREAD_MIB = 32;
/** Shared buffers of the embedded server, and its own processes. */
const SERVER_MIB = 170;
/** A backend of the embedded server that has served statements for a while. */
const BACKEND_MIB = 4;
/** A history or a list of related items with its place in the cache. */
const CACHE_ENTRY_BYTES = 1_536;

export function checkMemory(config: Config): Verdict {
  const containerBytes = process.constrainedMemory();
  const grantedBytes = Math.min(containerBytes || Number.POSITIVE_INFINITY, totalmem());
  return judgeMemory(config, Math.floor(grantedBytes / MEBIBYTE), containerBytes);
}

/** `containerBytes` is 0 outside a container. */
export function judgeMemory(config: Config, grantedMiB: number, containerBytes = 0): Verdict {
  const restMiB = atRest(config);
  const fullMiB = restMiB + atMost(config, containerBytes);
  const detail = `about ${restMiB} MiB at rest and ${fullMiB} with pools and caches full and a training under way, of ${grantedMiB} MiB granted`;
  if (restMiB > grantedMiB) return fail(`${detail}: run fewer roles here, or grant more`);
  if (fullMiB > grantedMiB) {
    return warn(
      `${detail}: lower ONLINE_CACHE_MEMORY_MAX_KEYS, DB_POOL_MAX_SIZE or TRAINER_MEMORY_MAX_MB, or grant more`,
    );
  }
  return pass(detail);
}

function atRest(config: Config): number {
  const { roles, http, consumer, database } = config;
  const processes =
    (roles.includes("relay") ? 1 : 0) +
    (roles.includes("consumer") ? consumer.workers : 0) +
    (roles.includes("monitor") ? 1 : 0) +
    (hasTrainer(config) ? 1 : 0) +
    (database.url === null ? 1 : 0);
  const threads = roles.includes("http") ? http.workers - 1 : 0;
  const server = database.url === null ? SERVER_MIB : 0;
  return ROOT_MIB + processes * PROCESS_MIB + threads * HTTP_THREAD_MIB + server;
}

function atMost(config: Config, containerBytes: number): number {
  const { roles, http, cache, database } = config;
  const backends = database.url === null ? connectionBudget(config) * BACKEND_MIB : 0;
  const caches = roles.includes("http") && cache.enabled ? http.workers * cache.maxKeys : 0;
  const training = hasTrainer(config) ? trainingMemoryBytes(config, containerBytes) / MEBIBYTE : 0;
  return backends + Math.ceil((caches * CACHE_ENTRY_BYTES) / MEBIBYTE + training);
}
