import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Protocol, type Split, splitBy } from "../../../src/evaluation/split.ts";
import type { Interaction } from "../../../src/events/model.ts";
import { takes } from "./takes.ts";

type Five = [Interaction, Interaction, Interaction, Interaction, Interaction];

const words = (interactions: readonly Interaction[]) =>
  interactions.map(({ userId, itemId }) => `${userId}:${itemId}`).join(" ");
const asked = ({ questions }: Split) =>
  questions.map(({ target, known }) => `${target.itemId} after ${known}`);

describe("rolling", () => {
  test("cuts at 80 % of the events, rounded down", () => {
    const split = splitBy("rolling", takes("ann:a bob:a ann:b bob:b ann:c bob:c ann:d"));
    expect(words(split.training)).toBe("ann:a bob:a ann:b bob:b ann:c");
    expect(words(split.test)).toBe("bob:c ann:d");
  });

  test("lets the profile grow by each event that was asked for", () => {
    const split = splitBy("rolling", takes("ann:a bob:a bob:b bob:c bob:d bob:e bob:f bob:g ann:b ann:c"));
    expect(asked(split)).toEqual(["b after 1", "c after 2"]);
  });

  test("skips the first event of an empty profile, which is known from then on", () => {
    const split = splitBy("rolling", takes("bob:a bob:b bob:c bob:d bob:e bob:f bob:g bob:h eve:a eve:b"));
    expect(words(split.test)).toBe("eve:a eve:b");
    expect(asked(split)).toEqual(["b after 1"]);
  });

  test("orders by time, and by the place in the file where times are equal", () => {
    const [a, b, c, d, e] = takes("ann:a ann:b ann:c ann:d ann:e") as Five;
    const split = splitBy("rolling", [e, c, { ...b, tsMs: c.tsMs }, a, d]);
    expect(words(split.timelines.get("ann") ?? [])).toBe("ann:a ann:c ann:b ann:d ann:e");
  });
});

describe("loo", () => {
  test("asks for the last event of each user with at least two", () => {
    const split = splitBy("loo", takes("ann:a bob:a ann:b ann:c eve:z"));
    expect(words(split.training)).toBe("ann:a bob:a ann:b eve:z");
    expect(asked(split)).toEqual(["c after 2"]);
  });
});

describe("session", () => {
  test("makes somebody unknown of each session that begins after the cut", () => {
    const split = splitBy("session", takes("ann:a ann:b bob:a bob:b eve:a eve:b eve:c dan:a dan:b dan:c"));
    expect(words(split.training)).toBe("ann#0:a ann#0:b bob#0:a bob#0:b eve#0:a eve#0:b eve#0:c dan#0:a");
    expect(words(split.test)).toBe("dan#1:b dan#1:c");
    expect(asked(split)).toEqual(["c after 1"]);
  });

  test("ends with a pause of more than half an hour", () => {
    const [a, b, c] = takes("ann:a ann:b ann:c") as [Interaction, Interaction, Interaction];
    const late = { ...c, tsMs: b.tsMs + 1_800_001 };
    expect(words(splitBy("session", [a, b, late]).training)).toBe("ann#0:a ann#0:b");
    expect(words(splitBy("session", [a, { ...b, tsMs: a.tsMs + 1_800_001 }, late, late]).training)).toBe(
      "ann#0:a ann#1:b",
    );
  });
});

const stories = fc.array(
  fc.tuple(fc.constantFrom("ann", "bob", "eve"), fc.constantFrom("a", "b", "c", "d"), fc.nat(20)),
  { maxLength: 60 },
);

test.each<Protocol>(["rolling", "loo"])("%s loses nothing and never shows what is asked for", (protocol) => {
  fc.assert(
    fc.property(stories, (drawn) => {
      const all = drawn.map(
        ([userId, itemId, second], index): Interaction => ({
          eventId: `take-${index}`,
          userId,
          itemId,
          signal: "view",
          tsMs: second * 1_000,
          origin: "direct",
        }),
      );
      const { training, test: later, timelines, questions } = splitBy(protocol, all);
      expect(new Set([...training, ...later])).toEqual(new Set(all));
      expect(training.length + later.length).toBe(all.length);
      for (const { target, known } of questions) {
        expect(known).toBeGreaterThan(0);
        expect(timelines.get(target.userId)?.[known]).toBe(target);
        expect(training).not.toContain(target);
      }
    }),
  );
});

test("an event id given twice counts once", () => {
  const [first] = takes("ann:a") as [Interaction];
  const { training, test: later } = splitBy("rolling", [first, { ...first, itemId: "b" }]);
  expect(words([...training, ...later])).toBe("ann:a");
});
