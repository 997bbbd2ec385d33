/** What the application tells about items and users is honoured by every answer of two workers. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { Tree } from "../support/tree.ts";

const TIMEOUT_MS = 90_000;
let tree: Tree;
beforeAll(async () => {
  tree = await Tree.start({
    env: { RECO_DEADLINE_MS: "10000", HTTP_WORKERS: "2", RECO_DEFAULT_POLICY: "builtin:stream-v1" },
  });
  // Everybody touches the same six items, so that each is a candidate for whoever has not.
  for (let user = 0; user < 4; user++) {
    for (let item = 0; item < 6; item++) await click(`crowd-${user}`, `i-${item}`, item);
  }
}, TIMEOUT_MS);
afterAll(() => tree?.[Symbol.asyncDispose](), TIMEOUT_MS);

const send = (method: string, path: string, body?: unknown) =>
  fetch(tree.url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { "Content-Type": "application/json" },
  });
const click = async (userId: string, itemId: string, second: number) => {
  const ts = Math.floor(Date.now() / 1000) - 60 + second;
  const body = { user_id: userId, item_id: itemId, event_type: "click", ts };
  expect((await send("POST", "/event", body)).status).toBe(200);
};
interface Shown {
  readonly items?: readonly (string | { readonly dataset_id: string })[];
  readonly similar_items?: readonly { readonly dataset_id: string }[];
  readonly recommendations?: readonly { readonly dataset_id: string }[];
}
/** Each route several times, so that both workers are asked. */
async function shownBy(paths: readonly string[]): Promise<string[]> {
  const shown = new Set<string>();
  for (let call = 0; call < 8; call++) {
    for (const path of paths) {
      const answer = (await (await fetch(tree.url + path)).json()) as Shown;
      for (const item of answer.items ?? answer.similar_items ?? answer.recommendations ?? []) {
        shown.add(typeof item === "string" ? item : item.dataset_id);
      }
    }
  }
  return [...shown].sort();
}
/** All routes that answer users. */
function shownTo(userId: string): Promise<string[]> {
  const query = `user_id=${encodeURIComponent(userId)}`;
  return shownBy([
    `/reco?${query}&k=50&session_id=s`,
    `/recommend?${query}&k=50`,
    `/recommend/detail/i-0?${query}&limit=50`,
  ]);
}
/** All routes that answer everybody alike. */
const shownToAll = () =>
  shownBy(["/similar/i-0?limit=50", "/recommend/detail/i-0?limit=50", "/hot/trending?limit=100"]);

test(
  "A31: an item that is deleted leaves all answers, and comes back when it is stored again",
  async () => {
    await send("PUT", "/catalog/items/i-5", { title: "Five" });
    await eventually(async () => expect(await shownTo("new-1")).toContain("i-5"));
    await eventually(async () => expect(await shownToAll()).toContain("i-5"));
    expect((await send("DELETE", "/catalog/items/i-5")).status).toBe(204);
    await eventually(async () => expect(await shownTo("new-1")).not.toContain("i-5"));
    await eventually(async () => expect(await shownToAll()).not.toContain("i-5"));
    await send("PUT", "/catalog/items/i-5", { title: "Five" });
    await eventually(async () => expect(await shownTo("new-1")).toContain("i-5"));
    await eventually(async () => expect(await shownToAll()).toContain("i-5"));
  },
  TIMEOUT_MS,
);

test(
  "A31: what a user hides is in none of that user's answers from the acknowledgement on",
  async () => {
    await click("picky", "i-0", 0);
    expect(await shownTo("picky")).toContain("i-3");
    expect((await send("POST", "/users/picky/hidden-items", { item_id: "i-3" })).status).toBe(200);
    await eventually(async () => expect(await shownTo("picky")).not.toContain("i-3"));
    expect(await shownTo("new-2")).toContain("i-3");
    expect((await send("DELETE", "/users/picky/hidden-items/i-3")).status).toBe(204);
    await eventually(async () => expect(await shownTo("picky")).toContain("i-3"));
  },
  TIMEOUT_MS,
);

test(
  "A31: a guest's events and wishes go with them into the account",
  async () => {
    const guest = "session:visit-1";
    await click(guest, "i-1", 1);
    await send("POST", `/users/${encodeURIComponent(guest)}/hidden-items`, { item_id: "i-2" });
    const merge = { from_user_id: guest, to_user_id: "account-1" };
    const answer = await (await send("POST", "/users/merge", merge)).json();
    expect(answer).toEqual({ ...merge, moved_events: 1, moved_hidden_items: 1 });
    await eventually(async () => {
      const shown = await shownTo("account-1");
      expect(shown).not.toContain("i-1");
      expect(shown).not.toContain("i-2");
    });
    expect(await (await send("POST", "/users/merge", merge)).json()).toMatchObject({ moved_events: 0 });
  },
  TIMEOUT_MS,
);

test(
  "A31: filters and excludes hold for every route, also for several users at once",
  async () => {
    await send("PUT", "/catalog/items/i-4", { price: 3 });
    const filter = "item.price < 5";
    const ask = async (path: string) =>
      ((await (await fetch(tree.url + path)).json()) as { items: string[] }).items;
    const query = `user_id=new-3&filter=${encodeURIComponent(filter)}`;
    await eventually(async () => expect(await ask(`/reco?${query}&session_id=s`)).toEqual(["i-4"]));
    expect(await ask(`/reco?${query}&session_id=s&exclude=i-4`)).toEqual([]);
    const users = [{ user_id: "new-3" }, { user_id: "new-4", session_events: [{ item_id: "i-4" }] }];
    await eventually(async () => {
      const { results } = (await (await send("POST", "/recommend", { users, filter })).json()) as {
        results: { items: string[] }[];
      };
      expect(results.map(({ items }) => items)).toEqual([["i-4"], []]);
    });
  },
  TIMEOUT_MS,
);

test(
  "the catalogue routes know the events just acknowledged, in both workers",
  async () => {
    for (let fan = 0; fan < 3; fan++) {
      await click(`fan-${fan}`, "film-1", 0);
      await click(`fan-${fan}`, "film-2", 1);
    }
    const besideOf = async (path: string) => (await (await fetch(tree.url + path)).json()) as Shown;
    await eventually(async () => {
      for (let call = 0; call < 4; call++) {
        const { similar_items = [] } = await besideOf("/similar/film-1?limit=20");
        expect(similar_items[0]).toMatchObject({ dataset_id: "film-2" });
        const { items = [] } = await besideOf("/hot/trending?limit=100");
        expect(items.map((item) => (item as { dataset_id: string }).dataset_id)).toContain("film-2");
      }
    });
  },
  TIMEOUT_MS,
);
