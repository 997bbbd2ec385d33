/** How like each item of a pool is to the likest of those chosen from it: the Jaccard index of tags. */

/** Tags that are numbered; with more the numbers begin anew. */
const MAX_TAGS = 200_000;

/** Numbers tags once for each card, as reading them for every answer would cost more than comparing them. */
class TagNumbers {
  #numbers = new Map<string, number>();
  #known = new WeakMap<readonly string[], readonly number[]>();

  /** Tags of each item, each once; they are comparable with one another. */
  of(pool: readonly (readonly string[])[]): readonly (readonly number[])[] {
    if (this.#numbers.size > MAX_TAGS) {
      this.#numbers = new Map();
      this.#known = new WeakMap();
    }
    return pool.map((tags) => this.#of(tags));
  }

  /** Above every number. */
  get end(): number {
    return this.#numbers.size;
  }

  #of(tags: readonly string[]): readonly number[] {
    let own = this.#known.get(tags);
    if (own === undefined) {
      own = Array.from(new Set(tags), (tag) => this.#number(tag));
      this.#known.set(tags, own);
    }
    return own;
  }

  #number(tag: string): number {
    const number = this.#numbers.get(tag) ?? this.#numbers.size;
    this.#numbers.set(tag, number);
    return number;
  }
}

const numbers = new TagNumbers();
/** By number of a tag: whether the item just chosen has it; 0 between answers. */
let marks = new Uint8Array(0);

export class Likeness {
  /** By place in the pool; 0 until something is chosen. */
  readonly values: Float64Array;
  readonly #tags: readonly (readonly number[])[];

  /** Tags of each item of the pool. */
  constructor(pool: readonly (readonly string[])[]) {
    this.#tags = numbers.of(pool);
    this.values = new Float64Array(pool.length);
    if (marks.length < numbers.end) marks = new Uint8Array(2 * numbers.end);
  }

  /** The item at `chosen` is among those chosen from now on. */
  raise(chosen: number): void {
    const own = this.#tags[chosen] as readonly number[];
    if (own.length === 0) return;
    mark(own, 1);
    const { values } = this;
    for (let at = 0; at < values.length; at++) {
      const tags = this.#tags[at] as readonly number[];
      let common = 0;
      for (let tag = 0; tag < tags.length; tag++) common += marks[tags[tag] as number] as number;
      const likeness = common / (own.length + tags.length - common);
      if (likeness > (values[at] as number)) values[at] = likeness;
    }
    mark(own, 0);
  }
}

function mark(tags: readonly number[], value: 0 | 1): void {
  for (let tag = 0; tag < tags.length; tag++) marks[tags[tag] as number] = value;
}
