import { describe, expect, test } from "bun:test";
import { fakeHttp, NOW_MS } from "../support/fakes/http-services.ts";

/** Whatever the body is: members are compared one by one. */
const answerOf = async (response: Response) => ({
  status: response.status,
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects.
  body: (await response.json()) as any,
});

const film = {
  title: "Heat",
  price: "12.5",
  category: "crime",
  tags: ["heist", "night"],
  published_at: "1995-12-15",
  attributes: { year: 1995 },
};
const issuesOf = (body: unknown) =>
  (body as { detail: { type: string; loc: unknown[] }[] }).detail.map(({ type, loc }) => [type, loc]);

describe("catalogue items", () => {
  test("are created, then updated as a whole, and read back", async () => {
    const http = fakeHttp();
    const path = "/catalog/items/f-1";
    expect((await answerOf(await http.send("PUT", path, film))).body).toEqual({
      item_id: "f-1",
      status: "created",
    });
    expect((await answerOf(await http.get(path))).body).toMatchObject({
      ...film,
      item_id: "f-1",
      price: 12.5,
      author: null,
      hidden: false,
      published_at: "1995-12-15T00:00:00.000Z",
    });
    expect((await answerOf(await http.send("PUT", path, { title: "Heat 2" }))).body.status).toBe("updated");
    expect((await answerOf(await http.get(path))).body).toMatchObject({
      title: "Heat 2",
      price: null,
      tags: [],
    });
  });

  test("in bulk are counted as new and known", async () => {
    const http = fakeHttp();
    const items = [{ item_id: "a" }, { item_id: 7, title: "seven" }];
    expect((await answerOf(await http.post("/catalog/items", { items }))).body).toEqual({
      count: 2,
      inserted: 2,
      updated: 0,
    });
    expect((await answerOf(await http.get("/catalog/items/7"))).body.title).toBe("seven");
  });

  test("are listed page by page, each once, to the end", async () => {
    const http = fakeHttp();
    const items = Array.from({ length: 7 }, (_, index) => ({ item_id: `i-${index}` }));
    await http.post("/catalog/items", { items });
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const suffix: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { body } = await answerOf(await http.get(`/catalog/items?limit=3${suffix}`));
      seen.push(...body.items.map((item: { item_id: string }) => item.item_id));
      cursor = body.next_cursor;
    }
    expect(seen).toEqual(items.map(({ item_id }) => item_id));
  });

  test("that are deleted are hidden and stay readable", async () => {
    const http = fakeHttp();
    await http.send("PUT", "/catalog/items/f-1", film);
    const removed = await http.send("DELETE", "/catalog/items/f-1");
    expect([removed.status, await removed.text()]).toEqual([204, ""]);
    expect((await answerOf(await http.get("/catalog/items/f-1"))).body.hidden).toBe(true);
  });

  test.each([
    [{ price: -1 }, "greater_than_equal", ["body", "price"]],
    [{ title: 1 }, "string_type", ["body", "title"]],
    [{ published_at: "yesterday" }, "value_error", ["body", "published_at"]],
    [{ attributes: { constructor: 1 } }, "value_error", ["body", "attributes"]],
    [{ attributes: { text: "x".repeat(65_536) } }, "value_error", ["body", "attributes"]],
    [{ tags: "a;b" }, "value_error", ["body", "tags"]],
    [{ tags: Array.from({ length: 9 }, () => "x".repeat(2_000)) }, "value_error", ["body", "tags"]],
    [{ item_id: "x" }, "extra_forbidden", ["body", "item_id"]],
  ])("with %j are refused by field and rule", async (body, type, loc) => {
    const answer = await answerOf(await fakeHttp().send("PUT", "/catalog/items/f-1", body));
    expect([answer.status, issuesOf(answer.body)]).toEqual([422, [[type, loc]]]);
  });

  test("in bulk are refused as a whole, with the place of the wrong one", async () => {
    const http = fakeHttp();
    const answer = await answerOf(
      await http.post("/catalog/items", { items: [{ item_id: "ok" }, { title: "no id" }] }),
    );
    expect(issuesOf(answer.body)).toEqual([["missing", ["body", "items", 1, "item_id"]]]);
    expect((await http.get("/catalog/items/ok")).status).toBe(404);
  });
});

describe("users", () => {
  test("are created, updated and read back; unknown ones are 404", async () => {
    const http = fakeHttp();
    const user = { email: "a@example.org", email_verified: true, attributes: { plan: "pro" } };
    expect((await answerOf(await http.send("PUT", "/users/u-1", user))).body).toEqual({
      user_id: "u-1",
      status: "created",
    });
    expect((await answerOf(await http.get("/users/u-1"))).body).toMatchObject({ user_id: "u-1", ...user });
    expect((await answerOf(await http.send("PUT", "/users/u-1", {}))).body.status).toBe("updated");
    const unknown = await answerOf(await http.get("/users/u-2"));
    expect([unknown.status, unknown.body.detail]).toEqual([404, "User not found"]);
  });

  test("hide an item until a time to come, for good, or no longer", async () => {
    const http = fakeHttp();
    const until = new Date(NOW_MS + 60_000).toISOString();
    const hide = (body: object) => http.post("/users/u-1/hidden-items", body).then(answerOf);
    expect((await hide({ item_id: "i-1", until })).body).toEqual({ user_id: "u-1", item_id: "i-1", until });
    expect((await hide({ item_id: "i-2" })).body.until).toBeNull();
    const past = await hide({ item_id: "i-3", until: new Date(NOW_MS).toISOString() });
    expect([past.status, issuesOf(past.body)]).toEqual([422, [["value_error", ["body", "until"]]]]);
    expect((await http.send("DELETE", "/users/u-1/hidden-items/i-1")).status).toBe(204);
  });

  test("hide a bounded number of items", async () => {
    const http = fakeHttp();
    for (let index = 0; index < 1_000; index++) {
      await http.services.users.hideItem(
        { userId: "u-1" as never, itemId: `i-${index}` as never, untilMs: null },
        undefined as never,
      );
    }
    const answer = await answerOf(await http.post("/users/u-1/hidden-items", { item_id: "one-more" }));
    expect([answer.status, answer.body.error_code]).toEqual([409, "conflict"]);
  });

  test("are merged, and never with themselves", async () => {
    const http = fakeHttp();
    const merged = await http.post("/users/merge", { from_user_id: "session:1", to_user_id: "u-1" });
    expect((await answerOf(merged)).body).toEqual({
      from_user_id: "session:1",
      to_user_id: "u-1",
      moved_events: 3,
      moved_hidden_items: 1,
    });
    const same = await answerOf(await http.post("/users/merge", { from_user_id: 1, to_user_id: "1" }));
    expect([same.status, issuesOf(same.body)]).toEqual([422, [["value_error", ["body", "to_user_id"]]]]);
  });
});
