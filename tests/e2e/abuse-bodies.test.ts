import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import {
  aClick,
  attackedTree,
  chunked,
  get,
  HOST,
  issuesOf,
  JSON_BODY,
  post,
  posted,
  refusalOf,
} from "../support/abuse.ts";
import { storeOf } from "../support/history-check.ts";
import { chunk, RawConnection, rawHead, sendRaw } from "../support/raw-http.ts";

const MAX_BODY_BYTES = 8_388_608;
const padded = (bytes: number) => aClick().padEnd(bytes);

const tree = attackedTree();

describe("a body", () => {
  const refused: [string, () => string | Uint8Array, number, string][] = [
    ["one byte over the limit", () => post(padded(MAX_BODY_BYTES + 1)), 413, "payload_too_large"],
    [
      "announced over the limit",
      () => posted(`Content-Length: ${MAX_BODY_BYTES + 1}`),
      413,
      "payload_too_large",
    ],
    [
      "of chunks one byte over the limit",
      () => chunked(padded(MAX_BODY_BYTES), " "),
      413,
      "payload_too_large",
    ],
    ["announced past the hard stop", () => posted(`Content-Length: ${2 * MAX_BODY_BYTES + 1}`), 413, "bare"],
    [
      "in gzip",
      () => post(gzipSync(aClick()), "/event", [...JSON_BODY, "Content-Encoding: gzip"]),
      415,
      "unsupported_media_type",
    ],
    [
      "of text",
      () => post(aClick(), "/event", [HOST, "Content-Type: text/plain"]),
      415,
      "unsupported_media_type",
    ],
    ["of no type", () => post(aClick(), "/event", [HOST]), 415, "unsupported_media_type"],
    ["in Latin-1", () => post(Buffer.from(aClick({ user_id: "\xff" }), "latin1")), 422, "validation_error"],
  ];
  test.each(refused)("%s is refused", async (_, request, status, code) => {
    const answer = await sendRaw(tree(), request());
    expect(refusalOf(answer)).toEqual([status, code]);
  });

  test.each([
    ["with a length", () => post(padded(MAX_BODY_BYTES))],
    ["in chunks", () => chunked(padded(MAX_BODY_BYTES))],
  ])("of exactly the limit %s is taken", async (_, request) => {
    expect((await sendRaw(tree(), request())).status).toBe(200);
  });

  test("without end is refused, and what follows is no request", async () => {
    using connection = await RawConnection.open(tree());
    connection.write(posted("Transfer-Encoding: chunked"));
    const part = chunk(Buffer.alloc(1_048_576, get("/livez")));
    for (let sent = 0; sent < 3 * MAX_BODY_BYTES; sent += 1_048_576) connection.write(part);
    expect((await connection.answer()).status).toBe(413);
    await connection.untilClosed(30_000);
    expect((await connection.answer()).status).toBeNull();
  }, 40_000);

  test.each([
    ["404", "POST /nowhere", JSON_BODY],
    ["405", "POST /livez", JSON_BODY],
    ["415", "POST /event", [HOST]],
    ["400", "POST /event?api_key=x", JSON_BODY],
    ["200", "GET /livez", [HOST]],
  ])("that a %s leaves unread is not taken for a request", async (status, line, headers) => {
    const hidden = get("/hidden");
    using connection = await RawConnection.open(tree());
    connection.write(rawHead(line, [...headers, `Content-Length: ${hidden.length}`]) + hidden);
    expect((await connection.answer()).status).toBe(Number(status));
    connection.write(get("/contract"));
    expect((await connection.answer()).body).toContain("kpi_targets");
  });

  const click = aClick().slice(1);
  const oneTo = (length: number) => Array.from({ length }, (_, index) => `"k${index}":1`).join(",");
  const contents: [string, string, string[]][] = [
    ["a million nested arrays", "[".repeat(1e6) + "]".repeat(1e6), ["json_invalid body"]],
    ["a million open objects", '{"a":'.repeat(1e6), ["json_invalid body"]],
    ["100 000 keys", `{${oneTo(1e5)}}`, ["json_invalid body"]],
    ["a million members where an object belongs", `[${"1,".repeat(1e6)}1]`, ["value_error body"]],
    ["an infinite time", aClick().replace(/"ts":\d+/, '"ts":1e400'), ["int_parsing body ts"]],
    [
      "an infinite id",
      `{"user_id":1e400,${click}`.replace(/"user_id":"u-1",/, ""),
      ["string_type body user_id"],
    ],
    [
      "an id that a number cannot hold",
      aClick().replace('"u-1"', "9007199254740993"),
      ["string_type body user_id"],
    ],
    ["__proto__", `{"__proto__":{"user_id":"x"},${click}`, ["extra_forbidden body __proto__"]],
    ["__proto__ in escapes", `{"__\\u0070roto__":1,${click}`, ["extra_forbidden body __proto__"]],
    ["constructor", `{"constructor":{"prototype":{}},${click}`, ["extra_forbidden body constructor"]],
    ["scopes", `{"scopes":["admin"],${click}`, ["extra_forbidden body scopes"]],
    ["created_at", `{"created_at":"2020-01-01",${click}`, ["extra_forbidden body created_at"]],
    ["nothing", "", ["json_invalid body"]],
    ["null", "null", ["value_error body"]],
    ["two documents", "{}{}", ["json_invalid body"]],
  ];
  test.each(contents)("with %s is 422", async (_, body, issues) => {
    const answer = await sendRaw(tree(), post(body));
    expect(refusalOf(answer)).toEqual([422, "validation_error"]);
    expect(issuesOf(answer)).toEqual(issues);
  });

  test("with a key given twice counts for the last one", async () => {
    const eventId = "twice-given-1";
    const answer = await sendRaw(
      tree(),
      post(`{"user_id":"first",${aClick({ event_id: eventId }).slice(1)}`),
    );
    expect(answer.status).toBe(200);
    const sql = storeOf(tree());
    const rows = await sql`select user_id from events where event_id = ${eventId}`.finally(() => sql.end());
    expect([...rows]).toEqual([{ user_id: "u-1" }]);
  });

  test("with watch times that add up to more than a number can hold leaves the baseline readable", async () => {
    const watch = { user_id: "u-1", session_id: "s-1", request_id: "r-1", item_id: "i-1", ts_ms: Date.now() };
    for (let sent = 0; sent < 2; sent++) {
      const body = JSON.stringify({ ...watch, watch_time_sec: Number.MAX_VALUE });
      expect((await sendRaw(tree(), post(body, "/log/watch"))).status).toBe(200);
    }
    const answer = await sendRaw(tree(), get("/analytics/baseline"));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body).metrics.avg_watch_time_sec).toBeGreaterThan(1e300);
  });
});
