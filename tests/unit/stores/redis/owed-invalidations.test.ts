/** Invalidations that cannot be sent now: kept in order, sent again, and bounded. */

import { expect, test } from "bun:test";
import { type Invalidation, OwedInvalidations } from "../../../../src/stores/redis/owed-invalidations.ts";
import { eventually } from "../../../support/eventually.ts";

function owing() {
  const sent: string[] = [];
  const seen = { failed: 0, dropped: 0 };
  const server = { isUp: false };
  const owed = new OwedInvalidations({
    async send({ message }) {
      if (!server.isUp) throw new Error("away");
      sent.push(message);
    },
    onDropped: () => void seen.dropped++,
    onFailed: () => void seen.failed++,
  });
  return { owed, sent, seen, server };
}

const one = (message: number, keys = 1): Invalidation => ({
  keys: Array.from({ length: keys }, (_, place) => `${message}:${place}`),
  message: String(message),
});

test("all are sent in their order once the server answers", async () => {
  const { owed, sent, seen, server } = owing();
  for (let turn = 0; turn < 120; turn++) owed.add(one(turn));
  await eventually(() => expect(seen.failed).toBe(1));
  expect(sent).toEqual([]);
  server.isUp = true;
  owed.pay();
  await eventually(() => expect(sent).toEqual(Array.from({ length: 120 }, (_, turn) => String(turn))));
});

test("beyond the bound the oldest that are not on their way are dropped and counted", async () => {
  const { owed, sent, seen, server } = owing();
  for (let turn = 0; turn < 5; turn++) owed.add(one(turn, 40_000));
  await eventually(() => expect(seen).toEqual({ failed: 1, dropped: 3 }));
  server.isUp = true;
  owed.pay();
  await eventually(() => expect(sent).toEqual(["0", "4"]));
});

test("the end tries once and does not wait for a server that is away", async () => {
  const { owed, sent } = owing();
  owed.add(one(1));
  await owed.close();
  expect(sent).toEqual([]);
});
