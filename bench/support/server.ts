/** The servers that are measured, each a process of its own. */

import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../tests/support/ports.ts";
import type { ThreadUse } from "./cpu.ts";
import { untilReady } from "./ready.ts";

const SERVERS = join(import.meta.dir, "..", "servers");
const MAIN = join(import.meta.dir, "..", "..", "src", "cli", "main.ts");
const STOP_MS = 30_000;

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Gets the log lines; the default takes them and keeps nothing. */
  readonly logFile?: string;
  readonly dataDir?: string;
}

interface TreeOptions extends ServerOptions {
  readonly databaseUrl: string;
  readonly roles?: string;
  readonly workers?: number;
  /** Members of the configuration without a variable. */
  readonly config?: object;
}

/** Its http threads have one name in /proc: that of the main thread, or that of workers. */
type ThreadName = "bun" | "Worker";

export class Server implements AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** From the spawn to the first good answer. */
  readonly readyMs: number;
  readonly #threadName: ThreadName;
  readonly #threads: number;
  readonly #child: Bun.Subprocess;
  readonly #release: () => void;

  private constructor(
    child: Bun.Subprocess,
    port: number,
    readyMs: number,
    threads: { name: ThreadName; count: number },
    release: () => void,
  ) {
    this.#child = child;
    this.pid = child.pid;
    this.port = port;
    this.readyMs = readyMs;
    this.#threadName = threads.name;
    this.#threads = threads.count;
    this.#release = release;
  }

  static noop(): Promise<Server> {
    const port = freePort();
    return Server.#start(
      [join(SERVERS, "noop.ts"), String(port)],
      port,
      "/reco",
      { name: "bun", count: 1 },
      {},
    );
  }

  static shell(): Promise<Server> {
    const path = "/reco?user_id=user-0&session_id=s-1&x_autolog_impressions=false";
    return Server.#start([join(SERVERS, "shell.ts")], freePort(), path, { name: "bun", count: 1 }, {});
  }

  /** The tree beside a database that others use too. */
  static tree(options: TreeOptions): Promise<Server> {
    const { databaseUrl, roles = "http", workers = 1, config = {} } = options;
    const env = {
      DATABASE_URL: databaseUrl,
      RECO_ROLES: roles,
      HTTP_WORKERS: String(workers),
      BENCH_CONFIG: JSON.stringify(config),
      ...options.env,
    };
    const threads = { name: "Worker", count: workers } as const;
    return Server.#start([join(SERVERS, "tree.ts")], freePort(), "/readyz", threads, { ...options, env });
  }

  /** `reco serve` as it is, with its own database. */
  static serve(dataDir: string): Promise<Server> {
    return Server.#start([MAIN, "serve"], freePort(), "/readyz", { name: "Worker", count: 1 }, { dataDir });
  }

  /** The http threads among what was used: the busiest of their name. */
  httpThreads(used: readonly ThreadUse[]): readonly ThreadUse[] {
    return used
      .filter(({ pid, name }) => pid === this.pid && name === this.#threadName)
      .slice(0, this.#threads);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await this.#child.exited;
    clearTimeout(timer);
    this.#release();
  }

  static async #start(
    command: readonly string[],
    port: number,
    readyPath: string,
    threads: { name: ThreadName; count: number },
    options: ServerOptions,
  ): Promise<Server> {
    const temporary = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), "reco-bench-")) : null;
    const log = openSync(options.logFile ?? "/dev/null", "w");
    const release = () => {
      closeSync(log);
      if (temporary) rmSync(temporary, { recursive: true, force: true });
    };
    const startedMs = performance.now();
    const child = Bun.spawn([process.execPath, ...command], {
      env: {
        ...process.env,
        HOST: "127.0.0.1",
        PORT: String(port),
        METRICS_HOST: "127.0.0.1",
        METRICS_PORT: String(freePort()),
        RECO_DATA_DIR: options.dataDir ?? temporary ?? "",
        ...options.env,
      },
      stdio: ["ignore", log, "inherit"],
    });
    try {
      await untilReady(`http://127.0.0.1:${port}${readyPath}`, child);
    } catch (error) {
      release();
      throw error;
    }
    return new Server(child, port, performance.now() - startedMs, threads, release);
  }
}
