/** Workers of a tree hold each model file once between them, and never wait for a sibling for ever. */

import { describe, expect, test } from "bun:test";
import { type ModelMessage, ModelShelf } from "../../../src/actors/model-shelf.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import { type Peer, PeerDownError } from "../../../src/supervisor/actor.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";

const RUN = "20260101_000000";

/** `count` workers on one clock; reading takes a second. */
function workers(count: number, isDown: (id: string) => boolean = () => false) {
  const clock = manualClock();
  const reads: string[] = [];
  const problems = new Set<string>();
  const shelves = new Map<string, ModelShelf>();
  const ids = Array.from({ length: count }, (_, place) => `http-${place}`);
  for (const id of ids) {
    const siblings = ids.filter((other) => other !== id).map((other) => peerTo(other));
    const read = async () => {
      reads.push(id);
      await clock.sleep(1_000);
      if (problems.has(id)) throw new Error(`${id} cannot read`);
      return new SharedArrayBuffer(8);
    };
    shelves.set(id, new ModelShelf({ id, siblings, read, clock }));
  }
  function peerTo(id: string): Peer<ModelMessage> {
    const ask = async (message: ModelMessage) => {
      if (isDown(id)) throw new PeerDownError(id);
      return shelves.get(id)?.answer(message, soon(clock));
    };
    return { id, ask } as unknown as Peer<ModelMessage>;
  }
  const shelf = (place: number) => shelves.get(`http-${place}`) as ModelShelf;
  const take = (place: number, generation = 0) => shelf(place).take(RUN, generation, soon(clock));
  /** Lets the time pass that all of these take. */
  const settled = async <T>(pending: readonly Promise<T>[]): Promise<PromiseSettledResult<T>[]> => {
    const all = Promise.allSettled(pending);
    await clock.advance(30_000);
    return all;
  };
  const buffersOf = async (pending: readonly Promise<Uint8Array>[]) =>
    (await settled(pending)).map((each) => (each.status === "fulfilled" ? each.value.buffer : each.reason));
  return { clock, reads, problems, shelf, take, settled, buffersOf };
}

const soon = (clock: ManualClock) => Deadline.after(20_000, clock);

describe("workers that need the same model", () => {
  test.each([
    ["first to last", [0, 1, 2]],
    ["last to first", [2, 1, 0]],
    ["from the middle", [1, 2, 0]],
  ] as const)("at once, asked %s, read it once and hold one copy", async (_, order) => {
    const { reads, take, buffersOf } = workers(3);
    const buffers = await buffersOf(order.map((place) => take(place)));
    expect(reads).toEqual(["http-0"]);
    expect(new Set(buffers).size).toBe(1);
  });

  test("take it from whoever has it already, the ones behind them too", async () => {
    const { reads, take, buffersOf } = workers(3);
    const [first] = await buffersOf([take(0)]);
    expect(await buffersOf([take(2), take(1)])).toEqual([first, first]);
    const again = workers(2);
    const [own] = await again.buffersOf([again.take(1)]);
    expect(await again.buffersOf([again.take(0)])).toEqual([own]);
    expect([reads, again.reads]).toEqual([["http-0"], ["http-0"]]);
  });

  test("read it themselves when the first is down", async () => {
    const { reads, take, buffersOf } = workers(2, (id) => id === "http-0");
    const [buffer] = await buffersOf([take(1)]);
    expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(reads).toEqual(["http-1"]);
  });

  test("read it themselves at once when the first cannot, and ask it no more", async () => {
    const { clock, reads, problems, take } = workers(2);
    problems.add("http-0");
    let taken: Uint8Array | null = null;
    void take(1).then((bytes) => {
      taken = bytes;
    });
    await clock.advance(2_500);
    expect(taken).not.toBeNull();
    expect(reads).toEqual(["http-0", "http-1"]);
  });

  test("read it anew in another generation", async () => {
    const { reads, take, buffersOf } = workers(2);
    const [before] = await buffersOf([take(1, 0)]);
    const [after] = await buffersOf([take(1, 1)]);
    expect(before === after).toBe(false);
    expect(reads).toEqual(["http-0", "http-0"]);
  });

  test("hear why it cannot be read, and try again later", async () => {
    const { reads, problems, take, settled, buffersOf } = workers(1);
    problems.add("http-0");
    expect(await settled([take(0)])).toMatchObject([{ status: "rejected" }]);
    problems.clear();
    const [buffer] = await buffersOf([take(0)]);
    expect([buffer instanceof SharedArrayBuffer, reads.length]).toEqual([true, 2]);
  });

  test("let go of it when it is needed no more", async () => {
    const { reads, shelf, take, buffersOf } = workers(1);
    await buffersOf([take(0)]);
    shelf(0).keep([RUN], 0);
    await buffersOf([take(0)]);
    expect(reads).toHaveLength(1);
    shelf(0).keep([], 0);
    await buffersOf([take(0)]);
    expect(reads).toHaveLength(2);
  });
});
