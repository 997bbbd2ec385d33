/** Keeps the largest few of a row's entries, in memory that is used again for the next row. */

/** Of equal values those offered first stay. */
export class TopEntries {
  readonly #limit: number;
  readonly #items: Int32Array;
  readonly #values: Float64Array;
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#items = new Int32Array(limit);
    this.#values = new Float64Array(limit);
  }

  /** What an entry must exceed to be kept. */
  get threshold(): number {
    return this.#size < this.#limit ? Number.NEGATIVE_INFINITY : (this.#values[0] as number);
  }

  offer(item: number, value: number): void {
    if (this.#size < this.#limit) this.#siftUp(this.#size++, item, value);
    else if (value > (this.#values[0] as number)) this.#siftDown(item, value);
  }

  /** Hands over what was kept, largest first, equal values by item, and is empty afterwards. */
  drain(use: (item: number, value: number) => void): void {
    const size = this.#size;
    this.#sort();
    this.#size = 0;
    for (let place = 0; place < size; place++)
      use(this.#items[place] as number, this.#values[place] as number);
  }

  /** The smallest to the end, then the smallest of the rest, and so on: the heap sorts itself. */
  #sort(): void {
    const items = this.#items;
    const values = this.#values;
    const size = this.#size;
    for (let end = size - 1; end > 0; end--) {
      const [item, value] = [items[0] as number, values[0] as number];
      this.#size = end;
      this.#siftDown(items[end] as number, values[end] as number);
      this.#set(end, item, value);
    }
    for (let place = 1; place < size; place++) {
      const [item, value] = [items[place] as number, values[place] as number];
      let at = place;
      for (; at > 0 && values[at - 1] === value && (items[at - 1] as number) > item; at--)
        this.#set(at, items[at - 1] as number, value);
      this.#set(at, item, value);
    }
  }

  #siftUp(from: number, item: number, value: number): void {
    let child = from;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = this.#values[parent] as number;
      if (above <= value) break;
      this.#set(child, this.#items[parent] as number, above);
      child = parent;
    }
    this.#set(child, item, value);
  }

  /** Puts an entry in the place of the smallest, which is the root. */
  #siftDown(item: number, value: number): void {
    const values = this.#values;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && (values[child + 1] as number) < (values[child] as number)) child++;
      if ((values[child] as number) >= value) break;
      this.#set(parent, this.#items[child] as number, values[child] as number);
      parent = child;
    }
    this.#set(parent, item, value);
  }

  #set(place: number, item: number, value: number): void {
    this.#items[place] = item;
    this.#values[place] = value;
  }
}
