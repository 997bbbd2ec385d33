/** One keep-alive connection with one request under way: as little work an answer as can be. */

import type { Socket } from "bun";

export interface Answer {
  readonly status: number;
  /** When its request was due. */
  readonly dueMs: number;
  /** Null for answers that were not looked at. */
  readonly degraded: boolean | null;
}

/** One answer in so many is searched for its header. */
const SAMPLE = 16;
const HEAD_END = Buffer.from("\r\n\r\n");
/** Without the first letter: its case depends on the server. */
const LENGTH = Buffer.from("ontent-Length: ");
const LENGTH_LOWER = Buffer.from("ontent-length: ");
const DEGRADED = Buffer.from("X-Reco-Degraded");
const STATUS_AT = 9;
const ZERO = 48;
const NINE = 57;

export class Connection {
  broken = false;
  readonly #onAnswer: (connection: Connection, answer: Answer) => void;
  #socket: Socket | null = null;
  #dueMs = 0;
  #seen = 0;
  /** What has come of an answer that arrives in pieces. */
  #part: Buffer | null = null;

  private constructor(onAnswer: (connection: Connection, answer: Answer) => void) {
    this.#onAnswer = onAnswer;
  }

  static async open(
    port: number,
    onAnswer: (connection: Connection, answer: Answer) => void,
  ): Promise<Connection> {
    const connection = new Connection(onAnswer);
    connection.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => connection.#take(chunk),
        close: () => {
          connection.broken = true;
        },
        error: () => {
          connection.broken = true;
        },
      },
    });
    connection.#socket.setNoDelay(true);
    return connection;
  }

  send(request: string, dueMs: number): void {
    this.#dueMs = dueMs;
    const written = this.#socket?.write(request) ?? 0;
    // Requests are ASCII and far below the socket's buffer, so that one write takes them.
    if (written < request.length && !this.broken)
      throw new Error("a request did not fit into the socket's buffer");
  }

  #take(chunk: Buffer): void {
    const answer = this.#part === null ? chunk : Buffer.concat([this.#part, chunk]);
    const head = answer.indexOf(HEAD_END);
    if (head === -1 || answer.length < head + HEAD_END.length + bodyLength(answer, head)) {
      this.#part = Buffer.from(answer); // The runtime uses the chunk's memory again.
      return;
    }
    this.#part = null;
    const degraded = this.#seen++ % SAMPLE === 0 ? isBefore(answer.indexOf(DEGRADED), head) : null;
    const status = Number(answer.toString("latin1", STATUS_AT, STATUS_AT + 3));
    this.#onAnswer(this, { status, dueMs: this.#dueMs, degraded });
  }
}

const isBefore = (place: number, head: number) => place !== -1 && place < head;

function bodyLength(answer: Buffer, head: number): number {
  let place = answer.indexOf(LENGTH);
  if (!isBefore(place, head)) place = answer.indexOf(LENGTH_LOWER);
  if (!isBefore(place, head)) throw new Error("an answer without Content-Length");
  let length = 0;
  for (let at = place + LENGTH.length; at < head; at++) {
    const digit = answer[at] as number;
    if (digit < ZERO || digit > NINE) break;
    length = length * 10 + (digit - ZERO);
  }
  return length;
}
