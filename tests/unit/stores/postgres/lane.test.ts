/** How a lane hands out, replaces and closes connections. */

import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../../src/core/deadline.ts";
import { StoreUnavailableError } from "../../../../src/core/errors.ts";
import { Lane, type LaneOptions } from "../../../../src/stores/postgres/lane.ts";
import { manualClock, settled } from "../../../support/manual-clock.ts";

class FakeClient {
  lost = false;
  readonly onLost: (client: FakeClient) => void;
  constructor(onLost: (client: FakeClient) => void) {
    this.onLost = onLost;
  }
  destroy() {
    if (this.lost) return;
    this.lost = true;
    this.onLost(this);
  }
  async end() {
    this.destroy();
  }
}

function aLane(options: Partial<LaneOptions<FakeClient>> = {}) {
  const clock = manualClock();
  const opened: FakeClient[] = [];
  const lane = new Lane<FakeClient>({
    capacity: 2,
    minIdle: 0,
    maxWaiters: 3,
    maxIdleMs: 1_000,
    clock,
    async open(onLost) {
      const client = new FakeClient(onLost);
      opened.push(client);
      return client;
    },
    ...options,
  });
  const acquire = (budgetMs = 500) => lane.acquire(Deadline.after(budgetMs, clock));
  const failure = (budgetMs = 500) => acquire(budgetMs).catch((error: StoreUnavailableError) => error.reason);
  return { lane, clock, opened, acquire, failure };
}

describe("acquire", () => {
  test("opens no more connections than its capacity", async () => {
    const { acquire, failure, opened, clock } = aLane();
    await acquire();
    await acquire();
    const third = failure(100);
    await clock.advance(100);
    expect(await third).toBe("pool");
    expect(opened).toHaveLength(2);
  });

  test("uses an idle connection again", async () => {
    const { lane, acquire, opened } = aLane();
    const client = await acquire();
    lane.release(client);
    expect(await acquire()).toBe(client);
    expect(opened).toHaveLength(1);
  });

  test("serves waiters in the order they came", async () => {
    const { lane, acquire } = aLane({ capacity: 1 });
    const client = await acquire();
    const served: string[] = [];
    const first = acquire().then(() => served.push("first"));
    const second = acquire().then(() => served.push("second"));
    lane.release(client);
    await first;
    lane.release(client);
    await second;
    expect(served).toEqual(["first", "second"]);
  });

  test("refuses at once when too many wait", async () => {
    const { acquire, failure } = aLane({ capacity: 1, maxWaiters: 1 });
    await acquire();
    void failure();
    expect(await failure()).toBe("pool");
  });

  test("opens nothing without time left", async () => {
    const { failure, opened } = aLane();
    expect(await failure(0)).toBe("pool");
    expect(opened).toHaveLength(0);
  });

  test("forgets a caller whose time is up", async () => {
    const { lane, acquire, failure, clock } = aLane({ capacity: 1 });
    const client = await acquire();
    const late = failure(100);
    await clock.advance(100);
    await late;
    lane.release(client);
    expect(lane.inUse).toBe(0);
    expect(lane.waiters).toBe(0);
  });
});

describe("a connection that opens slowly", () => {
  test("serves the next caller when its own gave up", async () => {
    const opening = Promise.withResolvers<FakeClient>();
    const { acquire, failure, clock } = aLane({ capacity: 1, open: () => opening.promise });
    const late = failure(100);
    await clock.advance(100);
    await late;
    const next = acquire();
    const client = new FakeClient(() => {});
    opening.resolve(client);
    expect(await next).toBe(client);
  });

  test("that fails at last tells those who wait why", async () => {
    const { failure } = aLane({
      open: () => Promise.reject(new StoreUnavailableError("connect", "refused")),
    });
    expect(await failure()).toBe("connect");
  });

  test("that fails leaves waiters to the live connections", async () => {
    const opens = [Promise.resolve(new FakeClient(() => {})), Promise.reject(new Error("too many clients"))];
    const { lane, acquire } = aLane({ open: () => opens.shift() ?? Promise.reject(new Error("no more")) });
    const client = await acquire();
    const second = acquire();
    await settled();
    lane.release(client);
    expect(await second).toBe(client);
  });
});

describe("a lost connection", () => {
  test("is replaced for those who wait", async () => {
    const { lane, acquire, opened } = aLane({ capacity: 1 });
    const client = await acquire();
    const next = acquire();
    client.destroy();
    lane.release(client);
    expect(await next).toBe(opened[1] as FakeClient);
  });

  test("is not handed out when it ended while idle", async () => {
    const { lane, acquire, opened } = aLane();
    const client = await acquire();
    lane.release(client);
    client.destroy();
    expect(await acquire()).toBe(opened[1] as FakeClient);
  });
});

test("recycle replaces idle connections now and others at their release", async () => {
  const { lane, acquire, opened } = aLane();
  const [idle, busy] = [await acquire(), await acquire()];
  lane.release(idle);
  lane.recycle();
  expect(opened.map(({ lost }) => lost)).toEqual([true, false]);
  lane.release(busy);
  expect(busy.lost).toBe(true);
});

test("trim closes what was idle for too long, down to the minimum", async () => {
  const { lane, acquire, opened, clock } = aLane({ minIdle: 1 });
  for (const client of [await acquire(), await acquire()]) lane.release(client);
  await clock.advance(1_001);
  lane.trim();
  expect(opened.filter(({ lost }) => !lost)).toHaveLength(1);
});

test("a stopped lane refuses callers, those who wait included", async () => {
  const { lane, acquire, failure } = aLane({ capacity: 1 });
  await acquire();
  const waiting = failure();
  lane.stopAccepting();
  expect(await waiting).toBe("closed");
  expect(await failure()).toBe("closed");
});
