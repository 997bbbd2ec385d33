/** One measured figure, always beside its reference of the same run. */

import { median } from "./statistics.ts";

export interface Figure {
  readonly what: string;
  readonly unit: string;
  /** Medians over the rounds. */
  readonly value: number;
  readonly reference: string;
  readonly referenceValue: number;
  /** The median of the ratios of the rounds. */
  readonly ratio: number;
  /** What is promised, e.g. `ratio >= 0.2`; null where nothing is. */
  readonly bar: string | null;
  readonly holds: boolean | null;
}

export interface Bar {
  readonly of: "ratio" | "value";
  readonly is: ">=" | "<=";
  readonly limit: number;
}

interface Round {
  readonly value: number;
  readonly reference: number;
}

export function figure(
  what: string,
  unit: string,
  reference: string,
  rounds: readonly Round[],
  bar: Bar | null = null,
): Figure {
  const value = median(rounds.map((round) => round.value));
  const ratio = median(rounds.map((round) => round.value / round.reference));
  const measured = bar?.of === "ratio" ? ratio : value;
  return {
    what,
    unit,
    value,
    reference,
    referenceValue: median(rounds.map((round) => round.reference)),
    ratio,
    bar: bar && `${bar.of} ${bar.is} ${bar.limit}`,
    holds: bar && (bar.is === ">=" ? measured >= bar.limit : measured <= bar.limit),
  };
}

export function printFigures(figures: readonly Figure[]): void {
  console.table(
    figures.map(({ what, unit, value, reference, referenceValue, ratio, bar, holds }) => ({
      what,
      unit,
      median: short(value),
      reference: `${reference}: ${short(referenceValue)}`,
      ratio: short(ratio),
      bar: bar ?? "",
      holds: holds === null ? "" : holds ? "yes" : "NO",
    })),
  );
}

const short = (value: number) => Number(value.toPrecision(3)).toString();
