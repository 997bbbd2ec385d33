import { describe, expect, test } from "bun:test";
import { isOwnUser, requestOf } from "../../../../src/cli/soak/traffic.ts";
import { systemClock } from "../../../../src/core/clock.ts";
import { newEventId } from "../../../../src/core/ids.ts";
import { systemRandom } from "../../../../src/core/random.ts";
import { parseBatch, parseDirectEvent, parseImpression, parseWatch } from "../../../../src/events/schemas.ts";

const NOW_MS = 1_800_000_000_000;
const CONTEXT = {
  nowMs: NOW_MS,
  limits: { maxEventFutureMs: 1_000, maxEventAgeMs: 1_000, maxBatchSize: 10 },
  newEventId: () => newEventId(systemClock, systemRandom),
};
const PARSERS: Readonly<Record<string, typeof parseDirectEvent | typeof parseBatch>> = {
  "/event": parseDirectEvent,
  "/log/watch": parseWatch as never,
  "/log/impression": parseImpression as never,
  "/log/batch": parseBatch,
};
const requests = Array.from({ length: 2_000 }, (_, index) => requestOf(3, index % 16, index, NOW_MS));

describe("the traffic of a soak run", () => {
  test("follows from seed, sender and sequence", () => {
    expect(requestOf(3, 5, 9, NOW_MS)).toEqual(requestOf(3, 5, 9, NOW_MS));
    for (const other of [
      requestOf(4, 5, 9, NOW_MS),
      requestOf(3, 6, 9, NOW_MS),
      requestOf(3, 5, 10, NOW_MS),
    ]) {
      expect(other).not.toEqual(requestOf(3, 5, 9, NOW_MS));
    }
  });

  test("is what the API takes, on every event route", () => {
    for (const { path, body } of requests) {
      expect(PARSERS[path]?.(body, CONTEXT)).toMatchObject({ ok: true });
    }
    expect(new Set(requests.map(({ path }) => path))).toEqual(new Set(Object.keys(PARSERS)));
  });

  test("names every event once", () => {
    const ids = requests.flatMap(({ events }) => events.map(({ eventId }) => eventId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("gives each sender users of its own, whose posts never overlap", () => {
    const senders = new Map<string, Set<number>>();
    for (const [index, { events }] of requests.entries()) {
      for (const { userId } of events.filter((event) => isOwnUser(event.userId))) {
        senders.set(userId, (senders.get(userId) ?? new Set()).add(index % 16));
      }
    }
    expect(senders.size).toBe(32);
    for (const owners of senders.values()) expect(owners.size).toBe(1);
  });
});
