/** Runs `reco serve` as its own process group of real processes, for end-to-end tests. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRuntimeFile } from "../../src/cli/runtime-file.ts";
import type { ChildStatus } from "../../src/supervisor/actor.ts";
import { eventually } from "./eventually.ts";
import { processesOf } from "./own-processes.ts";
import { freePort } from "./ports.ts";
import { type Form, program } from "./program.ts";

const READY_TIMEOUT_MS = 60_000;

export interface TreeOptions {
  /** Default: the sources. */
  readonly form?: Form;
  /** A command in front of the program's own, to run it as somebody else or somewhere else. */
  readonly through?: readonly string[];
  /** Undefined unsets a variable. */
  readonly env?: Record<string, string | undefined>;
  readonly args?: readonly string[];
  /** Keeps an existing data folder, for a second start. */
  readonly dataDir?: string;
}

export class Tree implements AsyncDisposable {
  readonly dataDir: string;
  readonly port: number;
  readonly url: string;
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #output: string[] = [];
  readonly #ownsDataDir: boolean;

  private constructor(options: TreeOptions) {
    this.#ownsDataDir = options.dataDir === undefined;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "reco-e2e-"));
    this.port = freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    const { form = "sources", through = [], args = [] } = options;
    this.process = Bun.spawn([...through, ...program(form), "serve", ...args], {
      cwd: this.dataDir,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: this.dataDir,
        RECO_DATA_DIR: this.dataDir,
        PORT: String(this.port),
        METRICS_PORT: String(freePort()),
        METRICS_HOST: "127.0.0.1",
        // A training would take a core from what a test measures; tests of the trainer switch it on.
        ENABLE_SCHEDULER: "false",
        ...options.env,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    void this.#collect(this.process.stdout);
    void this.#collect(this.process.stderr);
  }

  /** Starts a tree without waiting. */
  static spawn(options: TreeOptions = {}): Tree {
    return new Tree(options);
  }

  /** Starts a tree and waits until it is ready. */
  static async start(options: TreeOptions = {}): Promise<Tree> {
    const tree = new Tree(options);
    try {
      await tree.ready();
    } catch (error) {
      await tree[Symbol.asyncDispose]();
      throw error;
    }
    return tree;
  }

  async ready(): Promise<void> {
    const ready = eventually(
      async () => {
        const answer = await fetch(`${this.url}/readyz`);
        await answer.body?.cancel();
        if (answer.status !== 200) throw new Error(`/readyz answers ${answer.status}\n${this.output()}`);
        // One worker answers as soon as it can; tests mean all of them.
        const starting = this.actors().filter(
          ({ id, state }) => id.startsWith("http-") && state !== "running",
        );
        if (starting.length > 0) throw new Error(`${starting.map(({ id }) => id).join(", ")} not running`);
      },
      { timeoutMs: READY_TIMEOUT_MS },
    );
    await Promise.race([ready, this.process.exited]);
    if (this.process.exitCode !== null) throw new Error(`the tree ended\n${this.output()}`);
  }

  /** Everything the tree has printed. */
  output(): string {
    return this.#output.join("");
  }

  get(path: string, headers?: Record<string, string>): Promise<Response> {
    return fetch(`${this.url}${path}`, headers ? { headers } : {});
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** The children as the supervisor last wrote them down. */
  actors(): readonly ChildStatus[] {
    return readRuntimeFile(this.dataDir)?.actors ?? [];
  }

  actor(id: string): ChildStatus {
    const found = this.actors().find((actor) => actor.id === id);
    if (!found) throw new Error(`no actor ${id}`);
    return found;
  }

  /** Asks for an ordered stop and answers the exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.process.kill(signal);
    return await this.process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill("SIGTERM");
      const ended = await Promise.race([
        this.process.exited.then(() => true),
        Bun.sleep(25_000).then(() => false),
      ]);
      if (!ended) this.process.kill("SIGKILL");
      await this.process.exited;
    }
    await eventually(() => {
      const left = processesOf(this.dataDir);
      if (left.length > 0) throw new Error(`processes left: ${left.join(", ")}`);
    });
    if (this.#ownsDataDir) rmSync(this.dataDir, { recursive: true, force: true });
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#output.push(decoder.decode(chunk, { stream: true }));
      if (this.#output.length > 5_000) this.#output.splice(0, 1_000);
    }
  }
}
