import { expect, test } from "bun:test";
import { StaticFirstRouter } from "../../../src/http/static-first-router.ts";

const router = new StaticFirstRouter<string>();
for (const [method, path] of [
  ["GET", "/reco"],
  ["POST", "/reco"],
  ["POST", "/users/merge"],
  ["GET", "/users/:user_id"],
  ["POST", "/users/:user_id/hidden-items"],
] as const) {
  router.add(method, path, `${method} ${path}`);
}
const matched = (method: string, path: string) => router.match(method, path)[0][0]?.[0];

test.each([
  ["GET", "/reco", "GET /reco"],
  ["POST", "/reco", "POST /reco"],
  ["POST", "/users/merge", "POST /users/merge"],
  ["GET", "/users/merge", "GET /users/:user_id"],
  ["POST", "/users/merge/hidden-items", "POST /users/:user_id/hidden-items"],
  ["GET", "/reco/", undefined],
  ["PUT", "/reco", undefined],
  ["GET", "/users/a/b", undefined],
])("%s %s is answered by %p", (method, path, expected) => {
  expect(matched(method, path)).toBe(expected);
});

test("the parameters of a path are found", () => {
  expect(router.match("GET", "/users/u-1")[0][0]?.[1]).toMatchObject({ user_id: "u-1" });
});
