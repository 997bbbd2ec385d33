/** Speaks HTTP/1.1 byte by byte over a socket, for requests that no well-behaved client would send. */

import { connect, type Socket } from "node:net";
import type { Tree } from "./tree.ts";

/** What came back for one request. */
export interface RawAnswer {
  /** Null: the connection was closed without an answer. */
  readonly status: number | null;
  /** By lower-case name; of a repeated header the last one. */
  readonly headers: ReadonlyMap<string, string>;
  /** The lines of the head as they came, without the status line. */
  readonly headerLines: readonly string[];
  readonly body: string;
}

const CLOSED: RawAnswer = { status: null, headers: new Map(), headerLines: [], body: "" };
const ANSWER_TIMEOUT_MS = 30_000;
const HEAD_END = Buffer.from("\r\n\r\n");

/** One connection. Bytes written after the server closed it go nowhere, as on a real network. */
export class RawConnection implements Disposable {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #changed: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#changed();
    });
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    // A reset is one of the two ways of being closed.
    socket.on("error", () => this.#end());
  }

  static open(tree: Pick<Tree, "port">): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: tree.port, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Text is sent one byte a character. */
  write(bytes: string | Uint8Array): void {
    if (this.#closed) return;
    this.#socket.write(toBytes(bytes));
  }

  /** Sends the end of the stream, and can still read. */
  finish(): void {
    this.#socket.end();
  }

  /** Takes the next answer off the connection. Throws when neither one nor the end comes in time. */
  async answer({ head = false }: { head?: boolean } = {}): Promise<RawAnswer> {
    const deadline = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    while (true) {
      const taken = takeAnswer(this.#received, head, this.#closed);
      if (taken !== null) {
        this.#received = taken.rest;
        return taken.answer;
      }
      if (this.#closed) return CLOSED;
      await this.#next(deadline);
    }
  }

  /** Waits until the server has closed the connection. */
  async untilClosed(timeoutMs: number): Promise<void> {
    const deadline = AbortSignal.timeout(timeoutMs);
    while (!this.#closed) await this.#next(deadline);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #end(): void {
    this.#closed = true;
    this.#changed();
  }

  #next(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () =>
        reject(new Error(`nothing came; received so far: ${this.#received.toString("latin1")}`));
      deadline.addEventListener("abort", late, { once: true });
      this.#changed = () => {
        deadline.removeEventListener("abort", late);
        resolve();
      };
      if (deadline.aborted) late();
    });
  }
}

/** Sends one request on a connection of its own and answers what came back. */
export async function sendRaw(tree: Pick<Tree, "port">, bytes: string | Uint8Array): Promise<RawAnswer> {
  using connection = await RawConnection.open(tree);
  connection.write(bytes);
  return await connection.answer();
}

/** The head of a request with these header lines, blank line included. */
export function rawHead(requestLine: string, headerLines: readonly string[] = ["Host: reco"]): string {
  return `${[`${requestLine} HTTP/1.1`, ...headerLines].join("\r\n")}\r\n\r\n`;
}

/** One chunk of chunked transfer coding. */
export function chunk(part: string | Uint8Array): Uint8Array {
  const bytes = toBytes(part);
  return Buffer.concat([toBytes(`${bytes.byteLength.toString(16)}\r\n`), bytes, toBytes("\r\n")]);
}

export const LAST_CHUNK = "0\r\n\r\n";

const toBytes = (bytes: string | Uint8Array): Uint8Array =>
  typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;

/** Null while the answer is not complete. */
function takeAnswer(
  received: Buffer,
  isHead: boolean,
  closed: boolean,
): { answer: RawAnswer; rest: Buffer } | null {
  const end = received.indexOf(HEAD_END);
  if (end === -1) return null;
  const [statusLine = "", ...headerLines] = received.toString("latin1", 0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1]);
  if (!Number.isInteger(status)) throw new Error(`not a status line: ${statusLine}`);
  // 1xx only announces the answer.
  if (status < 200) return takeAnswer(received.subarray(end + HEAD_END.length), isHead, closed);
  const headers = new Map(
    headerLines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const start = end + HEAD_END.length;
  const length =
    isHead || status === 204 || status === 304 ? 0 : bodyLength(headers, received.length - start, closed);
  if (length === null || received.length < start + length) return null;
  const body = received.toString("utf8", start, start + length);
  return { answer: { status, headers, headerLines, body }, rest: received.subarray(start + length) };
}

/** Without a declared length a body ends with the connection; null while that is open. */
function bodyLength(headers: ReadonlyMap<string, string>, received: number, closed: boolean): number | null {
  const declared = headers.get("content-length");
  if (declared !== undefined) return Number(declared);
  return closed ? received : null;
}
