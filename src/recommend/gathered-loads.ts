/** Gathers keys while reads are under way, so that many misses cost few statements. */

/** Reads these keys; a key that is left out has no row. */
export type LoadKeys<V> = (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>;

/** With two under way one slow read does not hold up all others, and under load each still carries many keys. */
const MAX_LOADS = 2;

interface Batch<V> {
  readonly keys: string[];
  readonly loaded: PromiseWithResolvers<ReadonlyMap<string, V>>;
}

/** The caller bounds how many keys wait, and each load ends by its own deadline. */
export class GatheredLoads<V> {
  readonly #load: LoadKeys<V>;
  readonly #maxKeys: number;
  readonly #waiting: Batch<V>[] = [];
  #running = 0;

  /** `maxKeys`: of one load that gathered them; it must end well within its deadline. */
  constructor(load: LoadKeys<V>, maxKeys: number) {
    this.#load = load;
    this.#maxKeys = maxKeys;
  }

  /** Resolves with these keys and perhaps others. Rejects as the load does. */
  load(keys: readonly string[]): Promise<ReadonlyMap<string, V>> {
    if (this.#running < MAX_LOADS) return this.#run(keys);
    let batch = this.#waiting.at(-1);
    if (batch === undefined || batch.keys.length + keys.length > this.#maxKeys) {
      batch = { keys: [], loaded: Promise.withResolvers() };
      this.#waiting.push(batch);
    }
    batch.keys.push(...keys);
    return batch.loaded.promise;
  }

  async #run(keys: readonly string[]): Promise<ReadonlyMap<string, V>> {
    this.#running++;
    try {
      return await this.#load(keys);
    } finally {
      this.#running--;
      this.#next();
    }
  }

  #next(): void {
    const batch = this.#waiting.shift();
    if (batch) void this.#run(batch.keys).then(batch.loaded.resolve, batch.loaded.reject);
  }
}
