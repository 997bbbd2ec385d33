/** What the attacks on a running tree share: requests to bend, answers to judge, and the proof of life after each. */

import { afterAll, afterEach, beforeAll, expect } from "bun:test";
import { eventually } from "./eventually.ts";
import { chunk, LAST_CHUNK, type RawAnswer, rawHead, sendRaw } from "./raw-http.ts";
import { Tree } from "./tree.ts";

export const HOST = "Host: reco";
export const JSON_BODY = [HOST, "Content-Type: application/json"];
export const RECO = "/reco?user_id=u-1&session_id=s-1";

/**
 * One tree for the tests of a file, from the sources: what is attacked is parsing, which is the same code in the
 * compiled program. After each of them it must still answer a good request, and none of its actors
 * may have been restarted.
 */
export function attackedTree(): () => Tree {
  let tree: Tree;
  beforeAll(async () => {
    // On a machine this busy a short deadline would shed good requests for a lag that nobody's attack made.
    tree = await Tree.start({ env: { RECO_DEADLINE_MS: "10000" } });
  }, 90_000);
  afterAll(() => tree[Symbol.asyncDispose](), 60_000);
  afterEach(async () => {
    await eventually(async () => expect((await sendRaw(tree, get(RECO))).status).toBe(200));
    expect(tree.actors().filter((actor) => actor.incarnation !== 1)).toEqual([]);
  });
  return () => tree;
}

export const aClick = (overrides: object = {}): string =>
  JSON.stringify({ user_id: "u-1", item_id: "i-1", event_type: "click", ts: Date.now(), ...overrides });

export const get = (path: string, ...headerLines: string[]): string =>
  rawHead(`GET ${path}`, [HOST, ...headerLines]);

/** The head of a POST /event with further header lines. */
export const posted = (...headerLines: string[]): string =>
  rawHead("POST /event", [...JSON_BODY, ...headerLines]);

export function post(
  body: string | Uint8Array,
  path = "/event",
  headers: readonly string[] = JSON_BODY,
): Uint8Array {
  const bytes = Buffer.from(body as string);
  const head = rawHead(`POST ${path}`, [...headers, `Content-Length: ${bytes.length}`]);
  return Buffer.concat([Buffer.from(head, "latin1"), bytes]);
}

export const chunked = (...parts: string[]): Uint8Array =>
  Buffer.concat([
    Buffer.from(posted("Transfer-Encoding: chunked")),
    ...parts.map(chunk),
    Buffer.from(LAST_CHUNK),
  ]);

/** Status and code of an error, whose body and headers must name the same request; the parser's own are `bare`. */
export function refusalOf(answer: RawAnswer): [number | null, string] {
  if (answer.body === "") return [answer.status, "bare"];
  const body = JSON.parse(answer.body);
  expect(body.request_id).toBe(answer.headers.get("x-request-id"));
  return [answer.status, body.error_code];
}

/** Type and place of each issue of a 422. */
export const issuesOf = (answer: RawAnswer): string[] =>
  JSON.parse(answer.body).detail.map((issue: { type: string; loc: unknown[] }) =>
    [issue.type, ...issue.loc].join(" "),
  );
