/** Rounds of a relay: one at a time for each partition. */

import { describe, expect, test } from "bun:test";
import { Reservations } from "../../../src/actors/relay-reservations.ts";

describe("Reservations", () => {
  test("give a round what no other lane works on", () => {
    const reservations = new Reservations();
    reservations.begin(0, [0, 2, 4]);

    expect(reservations.begin(1, [0, 1, 2, 3, 4])).toEqual([1, 3]);
  });

  test("are free again at the end of the round", () => {
    const reservations = new Reservations();
    reservations.begin(0, [0, 1]);
    reservations.end(0);

    expect(reservations.begin(1, [0, 1])).toEqual([0, 1]);
  });

  test("count as in flight only while rows of them are sent", () => {
    const reservations = new Reservations();
    reservations.begin(0, [0, 1, 2]);
    const claiming = reservations.isInFlight(1);
    reservations.send(0, new Set([1]), 7);
    const sending = [0, 1].map((partition) => reservations.isInFlight(partition));
    const rows = reservations.rows;
    reservations.end(0);

    expect([claiming, sending, rows]).toEqual([false, [false, true], 7]);
    expect([reservations.isInFlight(1), reservations.rows]).toEqual([false, 0]);
  });

  test("add up over the lanes", () => {
    const reservations = new Reservations();
    for (const lane of [0, 1]) {
      reservations.begin(lane, [lane]);
      reservations.send(lane, new Set([lane]), 10);
    }

    expect(reservations.rows).toBe(20);
  });
});
