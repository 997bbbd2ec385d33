/** The socket as the driver sees it: it may die, but it never closes before the driver itself ends it. */

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";

/**
 * When a real socket closes under it, the driver connects again by itself, which would run the rest of a piece of work
 * on another session, and a rollback at that moment makes it write to a socket that is null and kill the process.
 * So a lost connection shows as an `error` event that fails what is in flight, and every later write fails likewise.
 */
export class DriverSocket extends EventEmitter {
  readonly #stream: Socket;
  readonly #onLost: () => void;
  #failure: Error | null = null;
  #ended = false;

  constructor(stream: Socket, onLost: () => void) {
    super();
    this.#stream = stream;
    this.#onLost = onLost;
    stream.on("data", (chunk) => this.emit("data", chunk));
    stream.on("drain", () => this.emit("drain"));
    stream.on("error", (error) => this.#lose(error));
    stream.on("close", () => this.#lose(connectionLost()));
  }

  get readyState(): "open" | "closed" {
    return this.#failure ? "closed" : "open";
  }

  write(chunk: Uint8Array, done?: () => void): boolean {
    if (!this.#failure) return this.#stream.write(chunk, done);
    queueMicrotask(() => this.emit("error", this.#failure));
    return true;
  }

  /** The driver's goodbye. */
  end(chunk: Uint8Array): void {
    this.#ended = true;
    this.#stream.end(chunk);
  }

  destroy(): void {
    this.#stream.destroy();
    this.#lose(connectionLost());
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #lose(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.emit(this.#ended ? "close" : "error", this.#ended ? false : error);
    this.#onLost();
  }
}

const connectionLost = () => Object.assign(new Error("connection lost"), { code: "ECONNRESET" });
