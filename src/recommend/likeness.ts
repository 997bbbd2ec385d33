/** How like each item of a pool is to the likest of those chosen from it: the Jaccard index of tags. */

export class Likeness {
  /** By place in the pool; 0 until something is chosen. */
  readonly values: Float64Array;
  /** Numbers of the tags of all items, one after the other; those of item `at` begin at `#starts[at]`. */
  readonly #tags: Int32Array;
  readonly #starts: Int32Array;
  /** By number of a tag: whether the item just chosen has it. */
  readonly #marks: Uint8Array;

  /** Tags of each item of the pool. */
  constructor(pool: readonly (readonly string[])[]) {
    const numbers = new Map<string, number>();
    const tags: number[] = [];
    this.#starts = new Int32Array(pool.length + 1);
    for (const [at, names] of pool.entries()) {
      const begin = tags.length;
      for (const name of names) {
        const number = numbers.get(name) ?? numbers.size;
        numbers.set(name, number);
        // An item has a few tags: looking through them is cheaper than a set.
        if (tags.indexOf(number, begin) < 0) tags.push(number);
      }
      this.#starts[at + 1] = tags.length;
    }
    this.values = new Float64Array(pool.length);
    this.#tags = Int32Array.from(tags);
    this.#marks = new Uint8Array(numbers.size);
  }

  /** The item at `chosen` is among those chosen from now on. */
  raise(chosen: number): void {
    const from = this.#starts[chosen] as number;
    const to = this.#starts[chosen + 1] as number;
    const size = to - from;
    if (size === 0) return;
    this.#mark(from, to, 1);
    for (let at = 0; at < this.values.length; at++) {
      const begin = this.#starts[at] as number;
      const end = this.#starts[at + 1] as number;
      let common = 0;
      for (let tag = begin; tag < end; tag++) common += this.#marks[this.#tags[tag] as number] as number;
      const likeness = common / (size + end - begin - common);
      if (likeness > (this.values[at] as number)) this.values[at] = likeness;
    }
    this.#mark(from, to, 0);
  }

  #mark(from: number, to: number, value: 0 | 1): void {
    for (let tag = from; tag < to; tag++) this.#marks[this.#tags[tag] as number] = value;
  }
}
