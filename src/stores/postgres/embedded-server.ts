/** Runs the postgres process of the embedded server as a direct child: started, ready, gone. */

import { type ChildProcess, spawn } from "node:child_process";
import { totalmem } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { Deadline } from "../../core/deadline.ts";
import { type Binaries, binariesEnv } from "./embedded-binaries.ts";
import { EmbeddedServerError } from "./embedded-errors.ts";
import { commandAs, type RunAs } from "./embedded-user.ts";
import { readIfPresent } from "./process-identity.ts";

const POLL_MS = 10;
const LOG_TAIL_CHARACTERS = 16_384;
/** Line of postmaster.pid that holds the server's state. */
const STATUS_LINE = 7;

export interface ServerProcess {
  readonly pid: number;
  /** Resolves with the way it ended, whoever ended it. */
  readonly exited: Promise<string>;
  /** The newest part of what it logged. */
  logTail(): string;
}

/** A 32nd of the memory: reading what is near a popular item touches thousands of scattered pages. */
const sharedBuffersMb = () => Math.round(Math.min(512, Math.max(128, totalmem() / 2 ** 20 / 32)));

/** Settings that differ from PostgreSQL's own: small, durable, reachable from this machine only. */
export function serverSettings(port: number, durable: boolean): string[] {
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    // Relative to the data folder: a socket's path may have at most 107 bytes.
    unix_socket_directories: ".",
    max_connections: 200,
    shared_buffers: durable ? `${sharedBuffersMb()}MB` : "32MB",
    fsync: durable ? "on" : "off",
    synchronous_commit: durable ? "on" : "off",
    full_page_writes: durable ? "on" : "off",
    wal_level: "minimal",
    max_wal_senders: 0,
    max_logical_replication_workers: 0,
    io_method: "sync",
    jit: "off",
    max_parallel_workers_per_gather: 0,
    max_parallel_maintenance_workers: 0,
    autovacuum_naptime: "20s",
    // A backend notices within a second that its client destroyed the socket, and frees its locks.
    client_connection_check_interval: "1s",
    timezone: "UTC",
    log_timezone: "UTC",
    huge_pages: "off",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

export function spawnServer(
  folder: string,
  binaries: Binaries,
  runAs: RunAs,
  settings: readonly string[],
): ServerProcess {
  const command = commandAs(runAs, join(binaries.binDir, "postgres"), ["-D", folder, ...settings], true);
  const child = spawn(command.file, command.args, {
    cwd: folder,
    env: binariesEnv(binaries),
    stdio: ["ignore", "ignore", "pipe"],
    ...(command.uid === undefined ? {} : { uid: command.uid, gid: command.gid }),
  });
  let tail = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-LOG_TAIL_CHARACTERS);
  });
  return { pid: child.pid ?? 0, exited: exitOf(child), logTail: () => tail };
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}

/** Waits until the server accepts connections. Throws with its last log lines when it ends or the deadline passes. */
export async function awaitReady(
  server: ServerProcess,
  folder: string,
  deadline: Deadline,
  clock: Clock,
): Promise<void> {
  let ended: string | null = null;
  void server.exited.then((how) => {
    ended = how;
  });
  while (!isReady(folder, server.pid)) {
    if (ended !== null) throw startFailed(`ended with ${ended}`, server);
    if (deadline.remainingMs() === 0) throw startFailed("did not get ready in time", server);
    await clock.sleep(POLL_MS);
  }
}

function isReady(folder: string, pid: number): boolean {
  const lines = readIfPresent(join(folder, "postmaster.pid"))?.split("\n");
  return Number(lines?.[0]) === pid && lines?.[STATUS_LINE]?.trim() === "ready";
}

function startFailed(what: string, server: ServerProcess): EmbeddedServerError {
  return new EmbeddedServerError(
    "start_failed",
    `PostgreSQL ${what}: ${server.logTail().trim() || "no log"}`,
  );
}
