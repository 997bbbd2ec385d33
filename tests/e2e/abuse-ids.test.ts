import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { aClick, attackedTree, get, issuesOf, post } from "../support/abuse.ts";
import { eventually } from "../support/eventually.ts";
import { storeOf } from "../support/history-check.ts";
import { sendRaw } from "../support/raw-http.ts";

const tree = attackedTree();

/** Ids that are easily taken for one another, or for something other than an id. */
const TAKEN = [
  ...["a", "A", "a ", " a", "a\u00a0", "a\u200b", "\u200ba", "\ufeffa", "a\u200d", "\u00e1\u200b", "\u1d43"],
  ...["e", "\u00e9", "ss", "\u00df", "i", "\u0131", "\u0130", "fi", "\ufb01", "\uff41", "\u03c3", "\u03c2"],
  ...["\u202eabc", "abc", "\u0627\u0644", "\u2066x\u2069", "\u2028", "\u2029", "\ufffd", "\uffff", "\ue000"],
  ...[
    "1",
    "01",
    "1.0",
    "-1",
    "0",
    "-0",
    "1e3",
    "NaN",
    "null",
    "undefined",
    "true",
    "[]",
    "[object Object]",
    "\\N",
  ],
  ...[
    "../",
    "../../etc/passwd",
    ".",
    "..",
    "%2e%2e",
    "%",
    "%00",
    "%0d%0a",
    "%25",
    "+",
    "&k=1",
    "a=b",
    "?",
    "#",
  ],
  ...[
    "'",
    "''",
    '"',
    "`",
    "\\",
    "\\'",
    "';drop table events;--",
    "$1",
    "{a}",
    '{"a","b"}',
    "(a,b)",
    "{}",
    "NULL",
  ],
  ...[
    "*",
    "a:b",
    "reco:slate:x",
    "*\\r\\nFLUSHALL\\r\\n",
    "{hash}tag",
    "__proto__",
    "constructor",
    "toString",
  ],
  ...["\\u0000", "\\x00", "\\r\\n", "<script>alert(1)</script>", "{{7*7}}", "%s%n", "x".repeat(128)],
  ...["\u{1f469}\u200d\u{1f469}\u200d\u{1f467}", "\u{1d4b3}".repeat(128), "\u{10ffff}", "session:s-1"],
];

const REFUSED: [string, string, string][] = [
  ["nothing", "", "string_too_short"],
  ["NUL", "a\0b", "value_error"],
  ["NUL at the end", "a\0", "value_error"],
  ["a line break", "a\r\nb", "value_error"],
  ["a control character of C1", "a\u0085b", "value_error"],
  ["DEL", "a\x7f", "value_error"],
  ["a lone high surrogate", "u\ud800", "value_error"],
  ["another lone high surrogate", "u\udbff", "value_error"],
  ["a lone low surrogate", "\udc00u", "value_error"],
  ["the decomposed twin of an accepted id", "e\u0301", "value_error"],
  ["a character that normalises to another", "\u212b", "value_error"],
  ["129 characters", "a".repeat(129), "string_too_long"],
  ["10 KB", "a".repeat(10_240), "string_too_long"],
];

const clickOn = (id: string) => post(aClick({ user_id: id, item_id: id }));

async function shownTo(user: string, more: Record<string, string> = {}): Promise<string[]> {
  const query = new URLSearchParams({
    user_id: user,
    session_id: "s-1",
    k: "200",
    x_autolog_impressions: "no",
    ...more,
  });
  return JSON.parse((await sendRaw(tree(), get(`/reco?${query}`))).body).items;
}

describe("an id", () => {
  test.each(REFUSED)(
    "of %s is refused in a body, and where it can be sent in a query",
    async (_, id, issue) => {
      const body = await sendRaw(tree(), clickOn(id));
      expect([body.status, ...issuesOf(body)]).toEqual([
        422,
        `${issue} body user_id`,
        `${issue} body item_id`,
      ]);
      if (!id.isWellFormed()) return;
      const query = await sendRaw(tree(), get(`/reco?session_id=s-1&user_id=${encodeURIComponent(id)}`));
      expect([query.status, ...issuesOf(query)]).toEqual([422, `${issue} query user_id`]);
    },
  );
});

describe("an accepted id", () => {
  beforeAll(async () => {
    for (const id of TAKEN) expect([id, (await sendRaw(tree(), clickOn(id))).status]).toEqual([id, 200]);
    await eventually(async () => expect(await shownTo("somebody")).toHaveLength(TAKEN.length));
  }, 60_000);

  test("comes back exactly", async () => {
    expect((await shownTo("somebody")).sort()).toEqual([...TAKEN].sort());
  });

  test("never shares a row", async () => {
    const sql = storeOf(tree());
    try {
      const events = await sql`select user_id, item_id from events`;
      expect(events.map((row) => row["user_id"]).sort()).toEqual([...TAKEN].sort());
      expect(events.filter((row) => row["user_id"] !== row["item_id"])).toEqual([]);
      const scores = await sql`select score::int from item_popularity`;
      expect(scores.map((row) => row["score"])).toEqual(TAKEN.map(() => 3));
    } finally {
      await sql.end();
    }
  });

  test("of a user is the same in a body and in an address: what they clicked is not shown again", async () => {
    for (const id of TAKEN) {
      expect((await shownTo(id)).sort()).toEqual(TAKEN.filter((other) => other !== id).sort());
    }
  }, 60_000);

  test("of an item is excluded alone", async () => {
    // A comma separates ids here, so an id that holds one cannot be excluded by address.
    for (const id of TAKEN.filter((each) => !each.includes(","))) {
      expect((await shownTo("somebody", { exclude: id })).sort()).toEqual(
        TAKEN.filter((other) => other !== id).sort(),
      );
    }
  }, 60_000);
});

describe("a text", () => {
  test("made of anything is refused or stored exactly", async () => {
    const sql = storeOf(tree());
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            fc.string({ unit: "binary", maxLength: 140 }),
            fc.string({ unit: "grapheme", maxLength: 40 }),
          ),
          async (id) => {
            const answer = await sendRaw(tree(), clickOn(id));
            expect([200, 422]).toContain(Number(answer.status));
            if (answer.status !== 200) return;
            const { event_id: eventId } = JSON.parse(answer.body);
            const [row] = await sql`select user_id, item_id from events where event_id = ${eventId}`;
            expect(row).toEqual({ user_id: id, item_id: id });
          },
        ),
        { numRuns: 200 },
      );
    } finally {
      await sql.end();
    }
  }, 60_000);
});
