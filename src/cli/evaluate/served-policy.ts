/** The policies that an evaluation asks behind the API, by the names of their rows. */

import { TRAINED } from "../../evaluation/trained-models.ts";
import type { DataRange } from "../../models/run-documents.ts";
import type { Trained } from "../../models/train.ts";

/** A run that is promoted before its tree starts. */
export interface ServedRun {
  readonly trained: Trained;
  readonly data: DataRange;
}

export interface ServedPolicy {
  readonly name: string;
  /** As its answers name it. */
  readonly modelVersion: string;
  /** Newest items of a user that it keeps out of its answers by itself. */
  readonly knownAsSeen: number;
  /** What a tree falls back to that has no run. */
  readonly builtin: "rules-v1" | "stream-v1";
  /** Null for a built-in policy. */
  readonly run: ServedRun | null;
}

export function servedPolicies(run: ServedRun): readonly ServedPolicy[] {
  const { strategy, runId } = run.trained.model;
  return [
    { ...builtin("rules-v1"), knownAsSeen: 20 },
    builtin("stream-v1"),
    { ...builtin("stream-v1"), name: TRAINED, modelVersion: `${strategy}-${runId}`, run },
  ];
}

const builtin = (name: ServedPolicy["builtin"]): ServedPolicy => ({
  name,
  modelVersion: name,
  knownAsSeen: Number.POSITIVE_INFINITY,
  builtin: name,
  run: null,
});
