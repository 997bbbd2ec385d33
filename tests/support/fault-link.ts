/** One connection through a fault proxy: its bytes are delayed, cut, held back or swallowed on their way. */

import type { Socket } from "node:net";
import { systemClock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";

/** What is done to the bytes of one direction. */
export interface Toxics {
  /** Each piece arrives this much later, ± `jitterMs`; order is kept. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Nothing passes and nothing closes: a black hole. */
  readonly timeout: boolean;
  readonly bytesPerSec: number;
  /** Pieces of at most so many bytes. */
  readonly slicer: number;
  /** The connection is closed once so many bytes of it have passed. */
  readonly limitData: number;
  /** The end of one side is told to the other one this much later. */
  readonly slowCloseMs: number;
}

export const HEALTHY: Toxics = {
  latencyMs: 0,
  jitterMs: 0,
  timeout: false,
  bytesPerSec: Number.POSITIVE_INFINITY,
  slicer: Number.POSITIVE_INFINITY,
  limitData: Number.POSITIVE_INFINITY,
  slowCloseMs: 0,
};

export type Direction = "upstream" | "downstream";

/** Two pumps, one a direction. */
export class Link {
  readonly gone: Promise<unknown>;
  readonly #client: Socket;
  readonly #server: Socket;
  #changed = Promise.withResolvers<void>();

  constructor(client: Socket, server: Socket, toxics: Readonly<Record<Direction, Toxics>>, seed: number) {
    this.#client = client;
    this.#server = server;
    const closed = [client, server].map((socket) => {
      socket.setNoDelay(true);
      socket.on("error", () => this.#destroy());
      return new Promise<void>((resolve) => socket.once("close", () => resolve()));
    });
    this.gone = Promise.all(closed);
    this.#pump(client, server, () => toxics.upstream, seed * 2);
    this.#pump(server, client, () => toxics.downstream, seed * 2 + 1);
  }

  reset(): void {
    for (const socket of [this.#client, this.#server]) socket.resetAndDestroy();
    this.wake();
  }

  /** Lets whoever waits look at the toxics again. */
  wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.wake();
  }

  /** Pieces leave one after another, each at its own time: a later one never overtakes. */
  #pump(from: Socket, to: Socket, toxics: () => Toxics, seed: number): void {
    const random = seededRandom(seed);
    let passed = 0;
    let last = Promise.resolve();
    const inOrder = (step: () => Promise<void>) => {
      last = last.then(step).catch(() => this.#destroy());
    };
    from.on("data", (piece: Buffer) => {
      from.pause();
      const { latencyMs, jitterMs } = toxics();
      const dueMs = systemClock.monotonicMs() + latencyMs + (random.next() * 2 - 1) * jitterMs;
      inOrder(async () => {
        await this.#through(toxics, from);
        await systemClock.sleep(Math.max(0, dueMs - systemClock.monotonicMs()));
        for (const slice of slicesOf(piece, toxics().slicer)) {
          const { bytesPerSec, limitData } = toxics();
          const allowed = slice.subarray(0, Math.max(0, limitData - passed));
          passed += allowed.length;
          if (allowed.length > 0 && !to.destroyed) to.write(allowed);
          if (passed >= limitData) return this.#destroy();
          await systemClock.sleep(Number.isFinite(bytesPerSec) ? (slice.length * 1000) / bytesPerSec : 0);
        }
      });
      // Reading on before the piece is gone, but for latency's sake only: one piece more than is on its way.
      if (Number.isFinite(toxics().bytesPerSec) || toxics().timeout) inOrder(async () => void from.resume());
      else from.resume();
    });
    from.once("end", () =>
      inOrder(async () => {
        await this.#through(toxics, from);
        await systemClock.sleep(toxics().slowCloseMs);
        to.end();
      }),
    );
    from.once("close", () => {
      // An end without a word, such as a reset: the other side learns of it at once, unless nothing passes.
      if (!from.readableEnded && !toxics().timeout) this.#destroy();
    });
  }

  /** Waits while nothing may pass. */
  async #through(toxics: () => Toxics, from: Socket): Promise<void> {
    while (toxics().timeout && !from.destroyed) await this.#changed.promise;
  }
}

function* slicesOf(piece: Buffer, size: number): Generator<Buffer> {
  const step = Math.min(size, piece.length);
  for (let from = 0; from < piece.length; from += step) yield piece.subarray(from, from + step);
}
