/** Shows how far a long part of an evaluation is: a bar on a terminal, one line where nobody watches. */

import { SingleBar } from "cli-progress";

export interface Progress extends Disposable {
  /** Adds to what is done. */
  readonly advance: (count: number) => void;
}

export function showProgress(label: string, total: number): Progress {
  if (!process.stderr.isTTY) {
    console.error(`${label}: ${total}`);
    return { advance() {}, [Symbol.dispose]() {} };
  }
  const bar = new SingleBar({
    format: `${label} [{bar}] {value} of {total} | {eta_formatted}`,
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(total, 0);
  return { advance: (count) => bar.increment(count), [Symbol.dispose]: () => bar.stop() };
}
