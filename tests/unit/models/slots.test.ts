import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  promote,
  rollback,
  SLOTS,
  type SlotName,
  type SlotState,
  servingRun,
} from "../../../src/models/slots.ts";

const EMPTY = { currentRun: null, previousRun: null };
const fresh: SlotState = { activeSlot: "default", slots: { default: EMPTY, blue: EMPTY, green: EMPTY } };
const promoted = (state: SlotState, slot: SlotName, run: string, activate: boolean | null = null) =>
  promote(state, slot, run, activate).state;

describe("slots", () => {
  test("a fresh install serves no run, and the first promotion serves at once", () => {
    expect(servingRun(fresh)).toBeNull();
    expect(servingRun(promoted(fresh, "default", "r1"))).toBe("r1");
    expect(servingRun(promoted(fresh, "blue", "r1"))).toBe("r1");
  });

  test("promoting to default while a colour is active only stages, unless it is told to activate", () => {
    const blue = promoted(fresh, "blue", "r1");
    const staged = promote(blue, "default", "r2", null);
    expect([servingRun(staged.state), staged.isServing]).toEqual(["r1", false]);
    expect(servingRun(promoted(blue, "default", "r2", true))).toBe("r2");
  });

  test("a colour can be filled without switching traffic", () => {
    const blue = promoted(fresh, "blue", "r1");
    const green = promote(blue, "green", "r2", false);
    expect([servingRun(green.state), green.isServing, green.state.slots.green.currentRun]).toEqual([
      "r1",
      false,
      "r2",
    ]);
  });

  test("promoting the same run twice keeps the way back", () => {
    const state = promoted(promoted(fresh, "blue", "r1"), "blue", "r2");
    expect(promoted(state, "blue", "r2")).toEqual(state);
    const back = rollback(promoted(state, "blue", "r2"), "blue");
    expect(back.ok && servingRun(back.value.state)).toBe("r1");
  });

  test("a rollback without a backup is refused and says why", () => {
    const refused = rollback(promoted(fresh, "blue", "r1"), "blue");
    expect(refused).toEqual({ ok: false, error: "slot blue has no previous run" });
  });

  const slot = fc.constantFrom(...SLOTS);
  const move = fc.oneof(
    fc.record({
      kind: fc.constant("promote" as const),
      slot,
      run: fc.constantFrom("r1", "r2", "r3"),
      activate: fc.constantFrom(null, true, false),
    }),
    fc.record({ kind: fc.constant("rollback" as const), slot }),
  );

  test("after any moves: a slot never has one run twice, and two rollbacks are none", () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 12 }), slot, (moves, last) => {
        let state = fresh;
        for (const each of moves) {
          if (each.kind === "promote") state = promote(state, each.slot, each.run, each.activate).state;
          else {
            const back = rollback(state, each.slot);
            if (back.ok) state = back.value.state;
          }
          for (const { currentRun, previousRun } of Object.values(state.slots)) {
            expect(currentRun !== null && currentRun === previousRun).toBe(false);
          }
        }
        const once = rollback(state, last);
        const twice = once.ok ? rollback(once.value.state, last) : null;
        if (once.ok && state.slots[last].currentRun !== null) {
          expect(twice?.ok && twice.value.state.slots).toEqual(state.slots);
        }
      }),
    );
  });
});
