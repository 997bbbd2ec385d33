/** What a part of the bench is given, and what it hands back. */

import type { Figure } from "./figure.ts";

export interface PartOptions {
  readonly rounds: number;
  /** Length of one measured window. */
  readonly seconds: number;
  /** Candidates to measure; null means all. */
  readonly only: ReadonlySet<string> | null;
}

export interface PartResult {
  readonly figures: readonly Figure[];
  /** Everything that was measured, round by round. */
  readonly rounds: unknown;
  /** Why the figures must not be published; empty when they may be. */
  readonly refused: readonly string[];
}

export type Part = (options: PartOptions) => Promise<PartResult>;
