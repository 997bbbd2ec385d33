/** The trees of a soak run: one with everything and the store in it, and a second pipeline on the same store. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { formatConfigFailure } from "../../config/problem.ts";
import { chooseFreePort, embeddedAddress } from "../../stores/postgres/embedded.ts";
import { ApiClient } from "../acceptance/api-client.ts";
import { readRuntimeFile } from "../runtime-file.ts";
import { TreeProcess } from "../tree-process.ts";

const PROBE_TIMEOUT_MS = 2_000;

/** Leases short enough to run out while their holder is frozen. */
const PIPELINE = { OUTBOX_RELAY_LEASE_SEC: "6", OUTBOX_RELAY_PUBLISH_TIMEOUT_SEC: "2" } as const;

/** A tree that gives up has lost nothing either; but a slow machine in which starts are late shall not end the run. */
const PATIENCE = { SUPERVISOR_INTENSITY: "20", SUPERVISOR_PERIOD_SEC: "300" } as const;

const COMMON = {
  APP_ENV: "test",
  API_AUTH_MODE: "off",
  HOST: "127.0.0.1",
  METRICS_HOST: "127.0.0.1",
  LOG_LEVEL: "warn",
  // Made-up events are nothing to learn from.
  ENABLE_SCHEDULER: "false",
  ...PATIENCE,
  ...PIPELINE,
} as const;

export type TreeName = "main" | "second";
type Settings = Readonly<Record<string, string>>;

/** An end of a tree that nobody asked for, or one that was asked for and came wrong. */
export type OnUnexpectedEnd = (description: string) => void;

interface Node {
  readonly dataDir: string;
  readonly settings: Settings;
  process: TreeProcess | null;
  /** Whether its end is wanted. */
  ending: boolean;
}

type Nodes = Readonly<Record<TreeName, Node>>;

export class Cluster implements AsyncDisposable {
  readonly port: number;
  /** Of the main tree, as its actors see it. */
  readonly config: Config;
  readonly #root: string;
  readonly #nodes: Nodes;
  readonly #onUnexpectedEnd: OnUnexpectedEnd;

  private constructor(root: string, port: number, nodes: Nodes, onUnexpectedEnd: OnUnexpectedEnd) {
    this.#root = root;
    this.port = port;
    this.#nodes = nodes;
    this.#onUnexpectedEnd = onUnexpectedEnd;
    this.config = configOf(nodes.main.settings);
  }

  /** `shared` are the settings of the event log, for both trees. */
  static async start(shared: Settings, onUnexpectedEnd: OnUnexpectedEnd): Promise<Cluster> {
    const root = mkdtempSync(join(tmpdir(), "reco-soak-"));
    const port = await chooseFreePort();
    const node = async (name: TreeName, settings: Settings): Promise<Node> => {
      const dataDir = join(root, name);
      mkdirSync(dataDir, { mode: 0o755 });
      const ports = { METRICS_PORT: String(await chooseFreePort()) };
      return {
        dataDir,
        settings: { ...COMMON, ...shared, ...ports, ...settings, RECO_DATA_DIR: dataDir },
        process: null,
        ending: false,
      };
    };
    const nodes = {
      main: await node("main", { PORT: String(port), HTTP_WORKERS: "2", CONSUMER_WORKERS: "2" }),
      second: await node("second", { RECO_ROLES: "relay,consumer", CONSUMER_WORKERS: "1" }),
    };
    const cluster = new Cluster(root, port, nodes, onUnexpectedEnd);
    try {
      await cluster.ensureRunning();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  dataDir(name: TreeName): string {
    return this.#nodes[name].dataDir;
  }

  /** Null while the tree is down. */
  pid(name: TreeName): number | null {
    const { process } = this.#nodes[name];
    return process?.running ? process.pid : null;
  }

  /** Address of the store; it changes with each start of the main tree. */
  storeUrl(): string {
    const { dataDir } = this.#nodes.main;
    return embeddedAddress(dataDir, readRuntimeFile(dataDir)?.storePort ?? 0).url;
  }

  /** Starts what is down and waits until it is ready. */
  async ensureRunning(): Promise<void> {
    const { main, second } = this.#nodes;
    if (!main.process?.running) {
      // Its store moves to another port.
      await this.end("second", "SIGKILL");
      await this.#start("main", {});
    }
    if (!second.process?.running) await this.#start("second", { DATABASE_URL: this.storeUrl() });
  }

  /** Waits until the tree is gone. */
  async end(name: TreeName, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const node = this.#nodes[name];
    const { process: tree } = node;
    if (!tree?.running) return;
    node.ending = true;
    if (signal === "SIGTERM") await tree.stop();
    else {
      process.kill(tree.pid, signal);
      await tree.exited;
    }
    // 2 is the hard end of a stop that a frozen part held up.
    const orderly = signal === "SIGKILL" || tree.end === 0 || tree.end === 2;
    if (!orderly) this.#onUnexpectedEnd(`${name} was asked to stop and ended with ${tree.end}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("second", "SIGTERM");
    await this.end("main", "SIGTERM");
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #start(name: TreeName, settings: Settings): Promise<void> {
    const node = this.#nodes[name];
    const tree = new TreeProcess(node.dataDir, { ...node.settings, ...settings });
    node.process = tree;
    node.ending = false;
    void tree.exited.then(() => {
      if (node.process === tree && !node.ending) this.#onUnexpectedEnd(`${name} ended with ${tree.end}`);
    });
    await tree.ready(() => (name === "main" ? this.#apiProblem() : actorProblem(node.dataDir)));
  }

  async #apiProblem(): Promise<string | null> {
    const baseUrl = `http://127.0.0.1:${this.port}`;
    using api = new ApiClient({ baseUrl, apiKey: null, timeoutMs: PROBE_TIMEOUT_MS });
    const answer = await api.get("/readyz");
    return answer.ok ? null : `/readyz: ${answer.problem}`;
  }
}

async function actorProblem(dataDir: string): Promise<string | null> {
  const actors = readRuntimeFile(dataDir)?.actors ?? [];
  const waiting = actors.filter(({ state }) => state !== "running");
  if (actors.length === 0) return "no actor is known";
  return waiting.length === 0 ? null : `${waiting.map(({ id }) => id).join(", ")} not running`;
}

/** Of nothing but these settings: the caller's environment must not lead to another store. */
function configOf(settings: Settings): Config {
  const loaded = loadConfig({ env: settings });
  if (!loaded.ok) throw new Error(formatConfigFailure(loaded.error));
  return loaded.value.config;
}
