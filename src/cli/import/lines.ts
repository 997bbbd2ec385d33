/** Splits the bytes of a file into lines of UTF-8 text, holding no more than one read and one line of it at a time. */

import { isUtf8 } from "node:buffer";

/** A longer line, or a longer record of several lines, is a mistake in the file and not data. */
export const MAX_RECORD_BYTES = 1_048_576;

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = "\ufeff";

/** One line without its line feed; a carriage return before that is still there. */
export interface TextLine {
  /** 1-based. */
  readonly line: number;
  /** Bytes of the file up to the end of this line. */
  readonly bytesRead: number;
  /** Null when it is too long or not UTF-8. */
  readonly text: string | null;
}

/** Rejects when `bytes` does. */
export async function* readLines(bytes: AsyncIterable<Buffer>): AsyncGenerator<TextLine> {
  const rest = new LineRest();
  let line = 0;
  let bytesRead = 0;
  const next = (length: number): TextLine => {
    line++;
    bytesRead += length;
    const text = rest.take();
    return { line, bytesRead, text: line === 1 && text?.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text };
  };
  for await (const chunk of bytes) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      rest.add(chunk.subarray(from, end));
      from = end + 1;
      yield next(rest.length + 1);
    }
    rest.add(chunk.subarray(from));
  }
  if (rest.length > 0) yield next(rest.length);
}

/** The bytes of a line that has not ended yet; those of a line that is too long are only counted. */
class LineRest {
  length = 0;
  #parts: Buffer[] = [];

  add(part: Buffer): void {
    this.length += part.length;
    if (this.length > MAX_RECORD_BYTES) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  take(): string | null {
    const { length } = this;
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    this.length = 0;
    this.#parts = [];
    return length <= MAX_RECORD_BYTES && isUtf8(bytes) ? bytes.toString("utf8") : null;
  }
}
