/**
 * Holds the files of models once for all http workers of a tree: workers are threads of one process, and hand each other
 * the memory that one of them has read.
 *
 * A worker reads what those before it in the tree do not have either: of two that want the same file at once the second
 * waits for the first. A sibling that is down or slow costs a copy, and nothing else.
 */

import type { Clock } from "../core/clock.ts";
import type { Deadline } from "../core/deadline.ts";
import type { ActorId, Peer } from "../supervisor/actor.ts";

/** Asks for a file that the sender needs. */
export interface ModelMessage {
  readonly kind: "model";
  readonly key: string;
  readonly runId: string;
  /** The sender waits until it is read. */
  readonly read: boolean;
}

/** `reading`: ask again. */
type Handed = SharedArrayBuffer | "reading" | "none";

export interface ModelShelfPorts {
  readonly id: ActorId;
  readonly siblings: readonly Peer<ModelMessage>[];
  /** Rejects with the reason why the file is not to be had. */
  readonly read: (runId: string, deadline: Deadline) => Promise<SharedArrayBuffer>;
  readonly clock: Clock;
}

const ASK_TIMEOUT_MS = 500;
const ASK_AGAIN_MS = 50;

export class ModelShelf {
  readonly #ports: ModelShelfPorts;
  readonly #files = new Map<string, SharedArrayBuffer | Promise<SharedArrayBuffer>>();
  readonly #before: readonly Peer<ModelMessage>[];
  readonly #after: readonly Peer<ModelMessage>[];

  constructor(ports: ModelShelfPorts) {
    this.#ports = ports;
    const place = placeOf(ports.id);
    this.#before = ports.siblings.filter(({ id }) => placeOf(id) < place);
    this.#after = ports.siblings.filter(({ id }) => placeOf(id) > place);
  }

  /** The file as some worker of the tree holds it, or read anew. `generation` tells files of one name apart. */
  async take(runId: string, generation: number, deadline: Deadline): Promise<Uint8Array> {
    const key = `${runId}@${generation}`;
    const own = this.#files.get(key);
    const handed = own ?? (await this.#fromSiblings({ kind: "model", key, runId, read: false }, deadline));
    // Asked for meanwhile by a sibling, it is being read already.
    const bytes = handed ?? this.#files.get(key) ?? this.#read(key, runId, deadline);
    if (handed instanceof SharedArrayBuffer) this.#files.set(key, handed);
    return new Uint8Array(await bytes);
  }

  /** What a sibling asks for. */
  answer({ key, runId, read }: ModelMessage, deadline: Deadline): Handed {
    const own = this.#files.get(key);
    if (own instanceof SharedArrayBuffer) return own;
    if (own === undefined && !read) return "none";
    // Whoever waits for it here hears of the failure; the sibling asks again, and then reads for itself.
    if (own === undefined) this.#read(key, runId, deadline).catch(() => {});
    return "reading";
  }

  /** Lets go of all other files. */
  keep(runIds: readonly string[], generation: number): void {
    const keys = new Set(runIds.map((runId) => `${runId}@${generation}`));
    for (const key of this.#files.keys()) if (!keys.has(key)) this.#files.delete(key);
  }

  #read(key: string, runId: string, deadline: Deadline): Promise<SharedArrayBuffer> {
    const reading = this.#ports.read(runId, deadline).then(
      (bytes) => {
        this.#files.set(key, bytes);
        return bytes;
      },
      (error: unknown) => {
        this.#files.delete(key);
        throw error;
      },
    );
    this.#files.set(key, reading);
    return reading;
  }

  async #fromSiblings(message: ModelMessage, deadline: Deadline): Promise<SharedArrayBuffer | null> {
    for (const sibling of this.#after) {
      const handed = await ask(sibling, message);
      if (handed instanceof SharedArrayBuffer) return handed;
    }
    const [first] = this.#before;
    if (first === undefined) return null;
    for (let read = true; ; read = false) {
      // It reads once for us: asked again, it has the file, or could not read it.
      const handed = await ask(first, { ...message, read });
      if (handed !== "reading") return handed instanceof SharedArrayBuffer ? handed : null;
      if (deadline.remainingMs() < 2 * ASK_AGAIN_MS) return null;
      await this.#ports.clock.sleep(ASK_AGAIN_MS);
    }
  }
}

/** A sibling that is down, starting or slow has nothing to hand over. */
async function ask(sibling: Peer<ModelMessage>, message: ModelMessage): Promise<Handed> {
  try {
    return await sibling.ask<Handed>(message, { timeoutMs: ASK_TIMEOUT_MS });
  } catch {
    return "none";
  }
}

const placeOf = (id: ActorId) => Number(id.slice(id.lastIndexOf("-") + 1));
