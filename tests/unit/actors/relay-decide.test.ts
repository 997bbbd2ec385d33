/** What a round sends and how its outcome is marked. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BlockedKeys } from "../../../src/actors/relay-blocked.ts";
import { isLogDown, settle, sortRows } from "../../../src/actors/relay-decide.ts";
import type { OutboxMark, OutboxRow, ProduceResult } from "../../../src/events/ports.ts";
import { testConfig } from "../../support/fakes/http-services.ts";
import { anOutboxRow } from "../../support/outbox-rows.ts";

const ACKED: ProduceResult = { status: "acked" };
const BUSY: ProduceResult = { status: "failed", class: "retryable", error: "busy" };
const DOUBT: ProduceResult = { status: "unknown", error: "timeout" };
const TOO_LARGE: ProduceResult = { status: "failed", class: "too_large", error: "2 MB" };
const POLICY = { baseRetrySec: 1, maxRetrySec: 60 };
const epochOf = () => 7n;

const told = (marks: readonly OutboxMark[]) =>
  marks.map((mark) => {
    if (mark.kind === "published") return `${mark.row.id} published`;
    if (mark.kind === "held_back") return `${mark.row.id} behind ${mark.behind}`;
    return `${mark.row.id} ${mark.dead ? "dead" : `again in ${mark.delaySec} s`}`;
  });

describe("settle", () => {
  const rows = (...keys: string[]) => keys.map((key, index) => anOutboxRow({ id: BigInt(index + 1), key }));

  test("counts an attempt for the first failed row of a key and holds the later ones back", () => {
    const marks = settle(rows("a", "b", "a", "a"), [BUSY, ACKED, BUSY, DOUBT], epochOf, POLICY);

    expect(told(marks)).toEqual(["1 again in 1 s", "2 published", "3 behind 1", "4 behind 1"]);
  });

  test("does not let a dead row hold anything back", () => {
    const marks = settle(rows("a", "a", "a"), [TOO_LARGE, BUSY, BUSY], epochOf, POLICY);

    expect(told(marks)).toEqual(["1 dead", "2 again in 1 s", "3 behind 2"]);
  });

  test("tells keys of different topics apart", () => {
    const [first, second] = rows("a", "a") as [OutboxRow, OutboxRow];

    const marks = settle([first, { ...second, topic: "impressions" }], [BUSY, BUSY], epochOf, POLICY);

    expect(told(marks)).toEqual(["1 again in 1 s", "2 again in 1 s"]);
  });

  test("doubles the delay with each attempt up to the maximum", () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 7].map((attemptCount) => {
      const [mark] = settle([anOutboxRow({ attemptCount })], [BUSY], epochOf, POLICY);
      return mark?.kind === "failed" ? mark.delaySec : null;
    });

    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  test("F20: gives no row up by the default settings while the log is down for ten minutes", () => {
    const { maxAttempts, baseRetrySec, maxRetrySec } = testConfig().outbox;
    let waitedSec = 0;
    for (let attemptCount = 0; attemptCount < maxAttempts - 1; attemptCount++) {
      const row = anOutboxRow({ attemptCount, maxAttempts });
      const [mark] = settle([row], [BUSY], epochOf, { baseRetrySec, maxRetrySec });
      if (mark?.kind === "failed") waitedSec += mark.delaySec;
    }

    expect(waitedSec).toBeGreaterThan(600);
  });

  test("gives a row up at its last attempt", () => {
    const [mark] = settle([anOutboxRow({ attemptCount: 24 })], [DOUBT], epochOf, POLICY);

    expect(mark).toMatchObject({ kind: "failed", dead: true, delaySec: 0, error: "timeout" });
  });

  test("says why a row can never be sent, in at most 4000 characters", () => {
    const error = "x".repeat(5000);

    const [mark] = settle(
      [anOutboxRow()],
      [{ status: "failed", class: "too_large", error }],
      epochOf,
      POLICY,
    );

    expect(mark).toMatchObject({ dead: true, error: `message_too_large: ${error}`.slice(0, 4000) });
  });

  test("takes a missing result as doubt", () => {
    expect(settle([anOutboxRow()], [], epochOf, POLICY)[0]?.kind).toBe("failed");
  });

  test("marks every row once, and at most one failed row of a key is left to be tried again", () => {
    const result = fc.constantFrom(ACKED, BUSY, DOUBT, TOO_LARGE);
    const round = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), result), { maxLength: 30 });
    fc.assert(
      fc.property(round, (entries) => {
        const sent = rows(...entries.map(([key]) => key));

        const marks = settle(
          sent,
          entries.map(([, each]) => each),
          epochOf,
          POLICY,
        );

        expect(marks.map(({ row }) => row.id)).toEqual(sent.map(({ id }) => id));
        const retried = marks
          .filter((mark) => mark.kind === "failed" && !mark.dead)
          .map(({ row }) => row.key);
        expect(new Set(retried).size).toBe(retried.length);
        for (const mark of marks) {
          if (mark.kind === "held_back") expect(mark.behind < mark.row.id).toBe(true);
        }
      }),
    );
  });
});

describe("sortRows", () => {
  test("holds back what waits behind a failed row, and gives up what has no object as payload", () => {
    const blocked = new BlockedKeys();
    blocked.block(anOutboxRow({ key: "a" }), 1n, 1000);

    const { sendable, marks } = sortRows(
      [
        anOutboxRow({ id: 2n, key: "a" }),
        anOutboxRow({ id: 3n, key: "b" }),
        anOutboxRow({ id: 4n, payload: null }),
      ],
      epochOf,
      blocked,
      500,
    );

    expect(sendable.map(({ id }) => id)).toEqual([3n]);
    expect(told(marks)).toEqual(["2 behind 1", "4 dead"]);
  });
});

describe("isLogDown", () => {
  test("needs every record to have failed in a way that may pass", () => {
    expect([[BUSY, DOUBT], [BUSY, ACKED], [BUSY, TOO_LARGE], []].map(isLogDown)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
