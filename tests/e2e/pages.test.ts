/** A ranked list page by page, from whichever of two workers gets the call, while its user goes on clicking. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { Tree } from "../support/tree.ts";

const TIMEOUT_MS = 90_000;
const ITEMS = Array.from({ length: 40 }, (_, n) => `i-${String(n).padStart(2, "0")}`);

let tree: Tree;
beforeAll(async () => {
  tree = await Tree.start({
    env: { RECO_DEADLINE_MS: "10000", HTTP_WORKERS: "2", RECO_DEFAULT_POLICY: "builtin:stream-v1" },
  });
  for (const [place, itemId] of ITEMS.entries()) {
    for (let user = 0; user <= place % 3; user++) await click(`crowd-${user}`, itemId, place);
  }
  await eventually(() => expectOfAll("anybody", (items) => expect(items).toHaveLength(ITEMS.length)));
}, TIMEOUT_MS);
afterAll(() => tree?.[Symbol.asyncDispose](), TIMEOUT_MS);

/** On a connection of its own, so that either worker may get it. */
const send = (path: string, body?: object) =>
  fetch(tree.url + path, {
    method: body ? "POST" : "GET",
    ...(body && { body: JSON.stringify(body) }),
    headers: { "Content-Type": "application/json", Connection: "close" },
  });
const click = async (userId: string, itemId: string, second: number) => {
  const ts = Math.floor(Date.now() / 1000) - 60 + second;
  const answer = await send("/event", { user_id: userId, item_id: itemId, event_type: "click", ts });
  expect(answer.status).toBe(200);
};

interface Body {
  readonly items: string[];
  readonly details: { readonly cursor: string | null };
}

async function page(userId: string, cursor: string | null): Promise<Body> {
  const query = `user_id=${userId}&session_id=s&k=6&details=true${cursor ? `&cursor=${cursor}` : ""}`;
  const answer = await send(`/reco?${query}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Body;
}

/** As often as it takes to meet both workers. */
async function expectOfAll(userId: string, expectation: (items: readonly string[]) => void): Promise<void> {
  const call = () => send(`/reco?user_id=${userId}&session_id=s&k=50`);
  for (const answer of await Promise.all(Array.from({ length: 8 }, call))) {
    expectation(((await answer.json()) as Body).items);
  }
}

test(
  "shows every item once, with clicks between the pages",
  async () => {
    await click("reader", "i-39", 50);
    const shown: string[] = [];
    for (let cursor: string | null = null, first = true; first || cursor !== null; first = false) {
      const { items, details }: Body = await page("reader", cursor);
      shown.push(...items);
      cursor = details.cursor;
      await click("reader", items[0] as string, 55);
    }
    expect(shown.toSorted()).toEqual(ITEMS.filter((itemId) => itemId !== "i-39"));
  },
  TIMEOUT_MS,
);

test(
  "A31: passes over what was hidden after the first page",
  async () => {
    await click("picky", "i-39", 50);
    const first = await page("picky", null);
    const hidden = ITEMS.find((itemId) => itemId !== "i-39" && !first.items.includes(itemId)) as string;
    expect((await send("/users/picky/hidden-items", { item_id: hidden })).status).toBe(200);
    await eventually(() => expectOfAll("picky", (items) => expect(items).not.toContain(hidden)));
    const shown = [...first.items];
    for (let { cursor } = first.details; cursor !== null; ) {
      const next: Body = await page("picky", cursor);
      shown.push(...next.items);
      ({ cursor } = next.details);
    }
    expect(shown).not.toContain(hidden);
    expect(new Set(shown).size).toBe(ITEMS.length - 2);
  },
  TIMEOUT_MS,
);

test(
  "a cursor of another user is refused",
  async () => {
    const { details } = await page("reader", null);
    const answer = await send(`/reco?user_id=other&session_id=s&cursor=${details.cursor}`);
    expect(answer.status).toBe(422);
  },
  TIMEOUT_MS,
);
