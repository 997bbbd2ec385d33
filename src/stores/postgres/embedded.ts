/** The embedded PostgreSQL server: prepared by the root, started and stopped by its owner. */

import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { type Clock, systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { type Binaries, locateBinaries } from "./embedded-binaries.ts";
import { DATABASE_NAME, ensureDatabase } from "./embedded-database.ts";
import {
  clusterFolder,
  DATABASE_USER,
  makeCluster,
  openDataFolder,
  passwordFile,
  readOrMakePassword,
} from "./embedded-folder.ts";
import { claimFolder, endServer, inUse, liveOwner, sendSignal, stopLeftover } from "./embedded-owner.ts";
import { awaitReady, type ServerProcess, serverSettings, spawnServer } from "./embedded-server.ts";
import { chooseRunAs, type RunAs } from "./embedded-user.ts";
import { identify } from "./process-identity.ts";

const DEFAULT_START_MS = 55_000;
/** A tree whose root was killed needs a moment to stop its server. */
const OWNER_WAIT_MS = 5_000;
const RETRY_MS = 100;

/** Where the server of a data folder is or will be reached. */
export interface EmbeddedAddress {
  /** Absolute. */
  readonly dataDir: string;
  readonly port: number;
  /** Stays the same over restarts of the server within one tree. */
  readonly url: string;
  readonly passwordFile: string;
}

/**
 * Makes the folder, its password and a free port, and checks all that would make a start fail for good; starts nothing.
 * The root calls it once and hands `dataDir` and `port` to the store actor and `url` to everybody else.
 * Throws EmbeddedServerError; any of its problems but `start_failed` is exit code 78.
 */
export async function prepareEmbedded(dataDir: string): Promise<EmbeddedAddress> {
  const { dataDir: root } = openFolder(dataDir, chooseRunAs());
  await awaitNoOwner(root, systemClock);
  return embeddedAddress(root, await chooseFreePort());
}

async function awaitNoOwner(dataDir: string, clock: Clock): Promise<void> {
  const deadline = Deadline.after(OWNER_WAIT_MS, clock);
  for (let owner = liveOwner(dataDir); owner; owner = liveOwner(dataDir)) {
    if (deadline.expired) throw inUse(dataDir, owner);
    await clock.sleep(RETRY_MS);
  }
}

function openFolder(dataDir: string, runAs: RunAs): { dataDir: string; binaries: Binaries } {
  const root = resolve(dataDir);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const binaries = locateBinaries(root);
  openDataFolder(root, binaries, runAs);
  return { dataDir: root, binaries };
}

/** The address of the server that a tree runs on this folder and port. Makes the password when there is none. */
export function embeddedAddress(dataDir: string, port: number): EmbeddedAddress {
  const root = resolve(dataDir);
  const url = `postgres://${DATABASE_USER}:${readOrMakePassword(root)}@127.0.0.1:${port}/${DATABASE_NAME}`;
  return { dataDir: root, port, url, passwordFile: passwordFile(root) };
}

/** A loopback port that is free now. */
export function chooseFreePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolvePort(typeof address === "object" && address ? address.port : 0));
    });
  });
}

export interface EmbeddedServer extends EmbeddedAddress {
  readonly pid: number;
  /** Resolves with the way it ended when the server ends, asked to or not. */
  readonly exited: Promise<string>;
  logTail(): string;
  /** Fast shutdown, after `fastMs` immediate; frees the data folder. */
  stop(fastMs: number): Promise<void>;
  /** Asks for the fast shutdown without waiting: for the last moment of a dying owner. */
  stopNow(): void;
}

export interface StartOptions {
  readonly dataDir: string;
  readonly port: number;
  /** False gives up durability for speed: tests only. */
  readonly durable?: boolean;
  readonly startTimeoutMs?: number;
  readonly clock?: Clock;
  readonly runAs?: RunAs;
}

/** Takes the data folder over, starts the server and resolves when it accepts connections. */
export async function startEmbedded(options: StartOptions): Promise<EmbeddedServer> {
  const { durable = true, clock = systemClock, runAs = chooseRunAs() } = options;
  const deadline = Deadline.after(options.startTimeoutMs ?? DEFAULT_START_MS, clock);
  const { dataDir, binaries } = openFolder(options.dataDir, runAs);
  const address = embeddedAddress(dataDir, options.port);
  const folder = clusterFolder(dataDir);
  const claim = claimFolder(dataDir);
  try {
    await stopLeftover(folder, clock);
    binaries.install();
    await makeCluster(dataDir, binaries, runAs, { password: readOrMakePassword(dataDir), durable });
    const settings = serverSettings(options.port, durable);
    const server = await startUntilReady(
      () => spawnServer(folder, binaries, runAs, settings),
      folder,
      deadline,
      clock,
    );
    const identity = identify(server.pid) ?? { pid: server.pid, startedAt: "" };
    const stop = async (fastMs: number) => {
      await endServer(identity, { fastMs, clock });
      claim.release();
    };
    await ensureDatabase(address.url, address.passwordFile).catch(async (error) => {
      await stop(0);
      throw error;
    });
    return { ...address, ...server, stop, stopNow: () => sendSignal(identity, "SIGINT") };
  } catch (error) {
    claim.release();
    throw error;
  }
}

/** Backends of a killed server may hold its shared memory for a moment: then PostgreSQL refuses, and is asked again. */
async function startUntilReady(
  spawnOnce: () => ServerProcess,
  folder: string,
  deadline: Deadline,
  clock: Clock,
): Promise<ServerProcess> {
  while (true) {
    const server = spawnOnce();
    try {
      await awaitReady(server, folder, deadline, clock);
      return server;
    } catch (error) {
      const identity = identify(server.pid);
      if (identity) await endServer(identity, { fastMs: 0, clock });
      if (deadline.expired || !server.logTail().includes("is still in use")) throw error;
      await clock.sleep(RETRY_MS);
    }
  }
}
