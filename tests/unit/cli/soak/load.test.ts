import { describe, expect, test } from "bun:test";
import type { ApiAnswer } from "../../../../src/cli/acceptance/api-client.ts";
import { History } from "../../../../src/cli/soak/history.ts";
import { runLoad } from "../../../../src/cli/soak/load.ts";
import { systemClock } from "../../../../src/core/clock.ts";

const OK: ApiAnswer = { ok: true, status: 200, body: { status: "ok" } };
const BROKEN: ApiAnswer = { ok: false, status: 0, problem: "ECONNRESET" };

interface Post {
  readonly path: string;
  readonly body: string;
}

/** A load of at most some 250 posts on a server that answers by `answer`; time passes as fast as it can. */
async function load(answer: (post: Post, nth: number) => ApiAnswer, giveUpAfter = Number.POSITIVE_INFINITY) {
  const history = new History();
  const posts: Post[] = [];
  const end = new AbortController();
  const giveUp = new AbortController();
  let nowMs = 0;
  const clock = {
    ...systemClock,
    monotonicMs: () => nowMs++,
    sleep: async (_ms: number, signal?: AbortSignal) => {
      if (!signal?.aborted) await Promise.resolve();
    },
  };
  const post = async (path: string, body: unknown) => {
    const sent = { path, body: JSON.stringify(body) };
    posts.push(sent);
    if (posts.length >= 250) end.abort();
    const nth = posts.filter((other) => other.body === sent.body).length;
    if (nth === giveUpAfter) giveUp.abort();
    return answer(sent, nth);
  };
  const settings = { seed: 1, rate: 100, signal: end.signal, giveUp: giveUp.signal };
  await runLoad(settings, { post, clock, history });
  return { history, posts };
}

describe("the load of a soak run", () => {
  test("sends what it does not know the outcome of again, as it was, until it is acknowledged", async () => {
    const { history, posts } = await load((_post, nth) => (nth <= 2 ? BROKEN : OK));
    expect(history.counts.requests.unknown).toBe(0);
    expect(history.acknowledged()).toHaveLength(history.events.length);
    const times = [...Map.groupBy(posts, ({ body }) => body).values()].map(({ length }) => length);
    expect(Math.min(...times)).toBe(3);
    expect([...history.unexpected]).toEqual([]);
  });

  test("claims nothing of what was never acknowledged", async () => {
    const { history } = await load(() => BROKEN);
    expect(history.acknowledged()).toEqual([]);
    expect(history.counts.requests).toMatchObject({ ok: 0, fail: 0 });
    expect(history.counts.requests.unknown).toBeGreaterThan(0);
  });

  test("ends at once when it is told to give up", async () => {
    const { history, posts } = await load(() => BROKEN, 3);
    expect(history.acknowledged()).toEqual([]);
    expect(posts.length).toBeLessThanOrEqual(3 * 16);
  });

  test("repeats some acknowledged posts, and tells when they are taken for new", async () => {
    const { history } = await load(() => OK);
    expect(history.counts.repeats.sent).toBeGreaterThan(0);
    expect(history.counts.repeats.accepted).toBeGreaterThan(0);
    const honest = await load((_post, nth) =>
      nth === 1 ? OK : { ...OK, body: { status: "duplicate", inserted_events: 0 } },
    );
    expect(honest.history.counts.repeats.accepted).toBe(0);
  });

  test.each([422, 500])("takes a %i for a violation", async (status) => {
    const { history } = await load((_post, nth) =>
      nth === 1 ? { ok: false, status, problem: `HTTP ${status}` } : OK,
    );
    expect([...history.unexpected][0]).toContain(`HTTP ${status}`);
  });

  test("a 503 is none", async () => {
    const { history } = await load((_post, nth) =>
      nth === 1 ? { ok: false, status: 503, problem: "HTTP 503 persist_failed" } : OK,
    );
    expect([...history.unexpected]).toEqual([]);
  });
});
