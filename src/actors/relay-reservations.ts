/** Which partitions the rounds under way work on: a partition is in at most one round at a time. */

interface Round {
  readonly reserved: ReadonlySet<number>;
  inFlight: ReadonlySet<number>;
  rows: number;
}

/** A round reserves partitions, claims rows of them, sends some, and ends. */
export class Reservations {
  /** By lane; a lane has one round at a time. */
  readonly #rounds = new Map<number, Round>();

  /** Reserves those of `partitions` that no other lane works on, and answers them. */
  begin(lane: number, partitions: readonly number[]): readonly number[] {
    const others = [...this.#rounds].filter(([other]) => other !== lane);
    const free = partitions.filter(
      (partition) => !others.some(([, { reserved }]) => reserved.has(partition)),
    );
    this.#rounds.set(lane, { reserved: new Set(free), inFlight: new Set(), rows: 0 });
    return free;
  }

  /** Names the partitions of the rows that are sent: they cannot be given away before the end. */
  send(lane: number, partitions: ReadonlySet<number>, rows: number): void {
    const round = this.#rounds.get(lane);
    if (round) Object.assign(round, { inFlight: partitions, rows });
  }

  end(lane: number): void {
    this.#rounds.delete(lane);
  }

  isInFlight(partition: number): boolean {
    return [...this.#rounds.values()].some(({ inFlight }) => inFlight.has(partition));
  }

  get rows(): number {
    return [...this.#rounds.values()].reduce((sum, { rows }) => sum + rows, 0);
  }
}
