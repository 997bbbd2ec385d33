/** A column of numbers that grows by doubling, since nobody knows beforehand how long it will be. */

type Column = Int32Array | Float32Array | Float64Array | Uint8Array;

const FIRST_LENGTH = 1_024;

export class Growing<C extends Column> {
  readonly #make: new (
    length: number,
  ) => C;
  #values: C;
  #length = 0;

  constructor(make: new (length: number) => C) {
    this.#make = make;
    this.#values = new make(FIRST_LENGTH);
  }

  get length(): number {
    return this.#length;
  }

  get last(): number | undefined {
    return this.#length > 0 ? this.#values[this.#length - 1] : undefined;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new this.#make(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** The column without what was kept ready behind its end. */
  take(): C {
    return this.#values.slice(0, this.#length) as C;
  }
}
