/** `reco serve` as a child of a command that needs a tree of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { ownEnvironment } from "../config/environment.ts";
import { systemClock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { CommandError, EXIT_FAILED } from "./exit-codes.ts";
import { programCommand } from "./realm-entry.ts";

const READY_TIMEOUT_MS = 180_000;
const READY_POLL_MS = 50;
const STOP_TIMEOUT_MS = 25_000;
/** Of what the tree printed the end is shown when it fails. */
const OUTPUT_CHARACTERS = 4_000;

export class TreeProcess implements AsyncDisposable {
  /** Resolves when the process is gone. */
  readonly exited: Promise<unknown>;
  readonly #child: ChildProcess;
  #output = "";

  constructor(dataDir: string, settings: Readonly<Record<string, string>>) {
    const [program = "", ...words] = programCommand();
    this.#child = spawn(program, [...words, "serve"], {
      cwd: dataDir, // Where no .env lies.
      env: ownEnvironment(settings),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.exited = new Promise((resolve) => this.#child.once("exit", resolve).once("error", resolve));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (part: Buffer) => {
        this.#output = (this.#output + part.toString()).slice(-OUTPUT_CHARACTERS);
      });
    }
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.pid !== 0 && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Its exit code, or the signal that ended it; null while it runs. */
  get end(): number | NodeJS.Signals | null {
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /**
   * Resolves when `problem` answers null: what it answers else, or throws, is why the tree is not ready yet.
   * Throws CommandError when the tree ends before, or takes too long.
   */
  async ready(problem: () => Promise<string | null>): Promise<void> {
    const deadline = Deadline.after(READY_TIMEOUT_MS);
    let last: string | null = "no answer";
    while (!deadline.expired && this.running) {
      try {
        last = await problem();
        if (last === null) return;
      } catch (error) {
        last = asError(error).message;
        if (asError(error).name === "AbortError") throw error;
      }
      await systemClock.sleep(READY_POLL_MS);
    }
    throw new CommandError(EXIT_FAILED, `the tree did not get ready: ${last}\n${this.#output}`);
  }

  /** The ordered stop; when that takes too long, everything at once. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.#child.kill("SIGTERM");
    try {
      await Deadline.after(STOP_TIMEOUT_MS).race(this.exited);
    } catch {
      // Twice asked the tree ends at once, with all its processes.
      this.#child.kill("SIGTERM");
      await this.exited;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
