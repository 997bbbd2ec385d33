/** Metrics as every room sees them: declared once in the catalogue, counted in the actor, rendered over the tree. */

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  inc(by?: number): void;
}
export interface Gauge {
  set(value: number): void;
  /** Takes this label set out of the output. */
  remove(): void;
}
export interface Histogram {
  observe(value: number): void;
}

/** One actor's values, in a form that can be cloned between realms. */
export interface MetricsSnapshot {
  readonly series: readonly {
    readonly name: string;
    readonly labels: Labels;
    /** A counter's or gauge's value; a histogram's cumulative bucket counts, then its sum and count. */
    readonly values: readonly number[];
  }[];
}

/**
 * Handles are found by name and labels and may be kept: a hot path binds its handles once.
 * An undeclared name or a wrong label set is a bug and throws.
 */
export interface Metrics {
  counter(name: string, labels?: Labels): Counter;
  gauge(name: string, labels?: Labels): Gauge;
  histogram(name: string, labels?: Labels): Histogram;
  snapshot(): MetricsSnapshot;
}
