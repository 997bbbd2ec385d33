/** A Node process that runs the Confluent client: numbered questions, each with a deadline, and its news. */

import { type ChildProcess, spawn } from "node:child_process";
import { dirname } from "node:path";
import { type Deadline, DeadlineExceededError } from "../../../core/deadline.ts";
import { asError } from "../../../core/errors.ts";
import { PositionLostError } from "../partition-source.ts";
import { nodeProgram } from "./program.ts";
import type { Kind, News, Question, Questions, Reply } from "./protocol.ts";

/** Node or the client is not there: nothing that waiting would mend. */
export class ClientMissingError extends Error {
  override name = "ClientMissingError";
}

/** The child ended, or never began, before it answered. */
export class ChildLostError extends Error {
  override name = "ChildLostError";
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** More would only lie in the channel. */
const MAX_IN_FLIGHT = 16;
const PACKAGE = "@confluentinc/kafka-javascript";

/** starting -> up -> ended. What was asked and not answered by then is lost. */
export class NodeChild {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onNews: (news: News) => void;
  readonly #spawned: Promise<void>;
  #lastId = 0;
  #answered = Promise.withResolvers<void>();
  #ended: Error | null = null;

  private constructor(child: ChildProcess, onNews: (news: News) => void) {
    this.#process = child;
    this.#onNews = onNews;
    child.on("message", (message) => this.#hear(message as Reply | News));
    this.#spawned = new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.on("error", (error) => {
        this.#end(lossOf(error));
        reject(this.#ended);
      });
    });
    child.on("exit", (code, signal) =>
      this.#end(new ChildLostError(`the Node child ended: ${signal ?? code}`)),
    );
  }

  /** Throws ClientMissingError where Node is not on the PATH, or the package is not beside reco or does not load. */
  static async start(deadline: Deadline, onNews: (news: News) => void = () => {}): Promise<NodeChild> {
    const program = await deadline.race(nodeProgram());
    // The program goes in by standard input: nothing has to be written anywhere, and nothing shows among the arguments.
    const child = spawn("node", ["--input-type=module", "-"], {
      stdio: ["pipe", "ignore", "inherit", "ipc"],
      serialization: "json",
    });
    const started = new NodeChild(child, onNews);
    await started.#spawned;
    child.stdin?.on("error", () => {}); // A child that ends early says so by its end.
    child.stdin?.end(program);
    try {
      await started.ask("hello", { folders: packageFolders() }, deadline);
      return started;
    } catch (error) {
      started.kill();
      throw error instanceof ClientRefusal ? new ClientMissingError(notLoaded(error.message)) : error;
    }
  }

  get isUp(): boolean {
    return this.#ended === null;
  }

  /** Rejects when the child refuses, ends, or does not answer in time; then the question may still have its effect. */
  async ask<K extends Kind>(
    kind: K,
    ask: Questions[K]["ask"],
    deadline: Deadline,
  ): Promise<Questions[K]["answer"]> {
    while (this.#ended === null && this.#waiting.size >= MAX_IN_FLIGHT) {
      await deadline.race(this.#answered.promise);
    }
    if (this.#ended !== null) throw this.#ended;
    if (deadline.expired) throw new DeadlineExceededError("deadline exceeded before it was sent");
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const question: Question<K> = { id, kind, ask, timeoutMs: Math.ceil(deadline.remainingMs()) };
    this.#send(question);
    // Each kind is answered by its own function of the child: see `Questions`.
    return (await deadline.race(answer)) as Questions[K]["answer"];
  }

  /** At once, with all that it has not sent yet. */
  kill(): void {
    this.#end(new ChildLostError("the Node child was given up"));
    this.#process.kill("SIGKILL");
  }

  #send(question: Question): void {
    const failed = (error: unknown) =>
      this.#end(new ChildLostError(`the Node child does not listen: ${asError(error).message}`));
    try {
      this.#process.send(question, (error) => error && failed(error));
    } catch (error) {
      failed(error);
    }
  }

  #hear(message: Reply | News): void {
    if ("news" in message) {
      this.#onNews(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    this.#free();
    if ("answer" in message) {
      waiting?.resolve(message.answer);
      return;
    }
    const { text, reason } = message.refusal;
    waiting?.reject(reason === "position_lost" ? new PositionLostError(text) : new ClientRefusal(text));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
    this.#free();
  }

  #free(): void {
    this.#answered.resolve();
    this.#answered = Promise.withResolvers();
  }
}

/** The child answered that it cannot. */
class ClientRefusal extends Error {
  override name = "ClientRefusal";
}

/** Beside the program, then where it was started. Node itself looks into their parents and into NODE_PATH as well. */
const packageFolders = (): readonly string[] => [dirname(process.execPath), process.cwd()];

const lossOf = (error: Error): Error =>
  (error as { code?: unknown }).code === "ENOENT"
    ? new ClientMissingError(
        `Node not found: KAFKA_DRIVER=confluent needs a program \`node\` of version 20 or later on the PATH`,
      )
    : new ChildLostError(`the Node child did not start: ${error.message}`);

const notLoaded = (why: string): string =>
  `package ${PACKAGE} not found or its addon does not load (${why}); install it into one of ` +
  `${packageFolders()
    .map((folder) => `${folder}/node_modules`)
    .join(", ")}, see docs/kafka.md`;
