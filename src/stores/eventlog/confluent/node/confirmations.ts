/** Waits for the coordinator's word on commits: the library calls back when it has sent one, and tells later what became of it. */

import { type Callback, called, type RdError, type TopicPartition } from "./rdkafka.ts";

export class Confirmations {
  readonly #waiting = new Map<string, Callback<void>>();

  /** Settles as the next word on each of these commits says; ask before they are sent. */
  async of(commits: readonly TopicPartition[]): Promise<void> {
    await Promise.all(
      commits.map((commit) => called<void>((done) => this.#waiting.set(nameOf(commit), done))),
    );
  }

  /** What the library tells of `commits`. */
  hear(error: RdError | null | undefined, commits: readonly TopicPartition[]): void {
    for (const commit of commits) {
      const done = this.#waiting.get(nameOf(commit));
      this.#waiting.delete(nameOf(commit));
      done?.(error, undefined);
    }
  }
}

const nameOf = ({ topic, partition, offset }: TopicPartition) => `${topic}/${partition}/${offset}`;
