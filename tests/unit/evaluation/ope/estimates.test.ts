import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../../../src/core/random.ts";
import { estimate } from "../../../../src/evaluation/ope/estimates.ts";
import type { LoggedSlate, ShownItem } from "../../../../src/evaluation/ope/logged-slate.ts";
import { checkUnbiased, outcomesOf } from "../../../support/off-policy-checks.ts";
import { servedSlates, truth } from "../../../support/served-world.ts";

const options = { weightCap: Number.POSITIVE_INFINITY, resamples: 50, random: seededRandom(1) };
const clicks = ({ clicked }: ShownItem) => Number(clicked);
const item = (itemId: string, propensity: number, clicked: boolean): ShownItem => ({
  itemId,
  propensity,
  clicked,
  watchSec: clicked ? 10 : 0,
});

const slates: fc.Arbitrary<LoggedSlate[]> = fc.array(
  fc.record({
    userId: fc.constantFrom("ann", "bob", "eve"),
    shown: fc.array(
      fc.record({
        itemId: fc.constantFrom("a", "b", "c"),
        propensity: fc.double({ min: 0.05, max: 1, noNaN: true }),
        clicked: fc.boolean(),
        watchSec: fc.nat(100),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    target: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe("off-policy estimates", () => {
  test("come out at what the policy truly brings, over many logs", () => checkUnbiased(estimate));

  test("have intervals that hold the truth about 19 times of 20", () => {
    for (const { covered } of outcomesOf(estimate).values()) expect(covered).toBeGreaterThan(0.85);
  });

  test("foresee watch time as well as clicks", () => {
    const { snips } = estimate(servedSlates(5), ({ watchSec }) => watchSec, options);
    expect(snips.value).toBeGreaterThan(0.8 * truth().watchSec);
    expect(snips.value).toBeLessThan(1.2 * truth().watchSec);
  });

  test("vary least where a model helps", () => {
    const width = (name: "ips" | "dr") => {
      const { low, high } = estimate(servedSlates(5), clicks, { ...options, resamples: 400 })[name];
      return high - low;
    };
    expect(width("dr")).toBeLessThan(width("ips"));
  });

  test("of the policy that served, without exploration, are what it brought", () => {
    fc.assert(
      fc.property(slates, (some) => {
        const own = some.map((slate) => ({
          ...slate,
          shown: slate.shown.map((each) => ({ ...each, propensity: 1 })),
          target: slate.shown.map(({ itemId }) => itemId),
        }));
        const { served, ips, snips, dr } = estimate(own, clicks, options);
        expect(ips.value).toBeCloseTo(served.value, 9);
        expect(snips.value).toBeCloseTo(served.value, 9);
        expect(dr.value).toBeCloseTo(served.value, 9);
      }),
    );
  });

  test("SNIPS stays within what was seen, and adding to every reward adds as much", () => {
    fc.assert(
      fc.property(slates, (some) => {
        const { snips } = estimate(some, clicks, options);
        expect(snips.value).toBeGreaterThanOrEqual(0);
        expect(snips.value).toBeLessThanOrEqual(1 + 1e-9);
        const agree = some.some(({ shown, target }) => shown[0]?.itemId === target[0]);
        const raised = estimate(some, (each) => clicks(each) + 1, options).snips.value;
        expect(raised).toBeCloseTo(agree ? snips.value + 1 : 0, 9);
      }),
    );
  });

  test("IPS by hand: one of two slates agrees, for as long as it does", () => {
    const logged: LoggedSlate[] = [
      { userId: "ann", shown: [item("a", 0.5, true), item("b", 0.5, true)], target: ["a", "c"] },
      { userId: "bob", shown: [item("b", 0.5, true), item("a", 0.5, true)], target: ["a", "b"] },
    ];
    const { ips, snips, served } = estimate(logged, clicks, options);
    expect([served.value, ips.value, snips.value]).toEqual([1, 2 / 4, 1]);
  });

  test("are the same whatever the order of the slates", () => {
    const some = servedSlates(7).slice(0, 200);
    const of = (logged: LoggedSlate[]) =>
      Object.values(estimate(logged, clicks, { ...options, random: seededRandom(1) })).map(
        ({ value }) => value,
      );
    const reversed = of(some.toReversed());
    for (const [place, value] of of(some).entries()) expect(reversed[place]).toBeCloseTo(value, 9);
  });
});
