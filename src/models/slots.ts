/**
 * Which run serves, as a state that operators move.
 *
 * Three slots hold a current and a previous run; one slot is active. `default` serves while neither colour is active:
 * promoting to it then only stages the run, unless the operator says otherwise.
 */

import { err, ok, type Result } from "../core/result.ts";

export const SLOTS = ["default", "blue", "green"] as const;
export type SlotName = (typeof SLOTS)[number];

export interface Slot {
  readonly currentRun: string | null;
  readonly previousRun: string | null;
}

export interface SlotState {
  readonly activeSlot: SlotName;
  readonly slots: Readonly<Record<SlotName, Slot>>;
}

export interface SlotChange {
  readonly before: SlotState;
  readonly state: SlotState;
  readonly slot: SlotName;
  readonly runId: string;
  /** What the slot held before. */
  readonly previousRunId: string | null;
  /** False when the run only waits in its slot. */
  readonly isServing: boolean;
}

/** `activate` null: colours become active, and `default` does unless a colour is. */
export function promote(
  state: SlotState,
  slot: SlotName,
  runId: string,
  activate: boolean | null,
): SlotChange {
  const { currentRun, previousRun } = state.slots[slot];
  // A run that stands there already keeps its backup: promoting it twice must not lose the way back.
  const filled: Slot =
    currentRun === runId ? { currentRun, previousRun } : { currentRun: runId, previousRun: currentRun };
  const becomesActive = activate ?? (slot !== "default" || state.activeSlot === "default");
  const activeSlot = becomesActive ? slot : state.activeSlot;
  return {
    before: state,
    state: { activeSlot, slots: { ...state.slots, [slot]: filled } },
    slot,
    runId,
    previousRunId: currentRun,
    isServing: activeSlot === slot,
  };
}

/** Swaps current and previous run of a slot, so that a second rollback returns; colours become active. */
export function rollback(state: SlotState, slot: SlotName): Result<SlotChange, string> {
  const { currentRun, previousRun } = state.slots[slot];
  if (previousRun === null) return err(`slot ${slot} has no previous run`);
  const activeSlot = slot === "default" ? state.activeSlot : slot;
  const swapped: Slot = { currentRun: previousRun, previousRun: currentRun };
  return ok({
    before: state,
    state: { activeSlot, slots: { ...state.slots, [slot]: swapped } },
    slot,
    runId: previousRun,
    previousRunId: currentRun,
    isServing: activeSlot === slot,
  });
}

/** The run that serves; null: the built-in policy. */
export const servingRun = ({ activeSlot, slots }: SlotState): string | null => slots[activeSlot].currentRun;
