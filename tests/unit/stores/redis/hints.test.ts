/** Which messages of other nodes count as a change. */

import { expect, test } from "bun:test";
import { readChange } from "../../../../src/stores/redis/hints.ts";
import { aChange } from "../../../support/shared-caches.ts";

test("a change comes through as it was told, with whatever a newer node adds", () => {
  const change = aChange({ userIds: ['u:"1"', "ü"], eventIds: ["e"] });
  expect(readChange(JSON.stringify(change))).toEqual(change);
  expect(readChange(JSON.stringify({ ...change, more: 1 }))).toMatchObject(change);
});

test.each([
  "",
  "null",
  "[]",
  "1",
  "{",
  JSON.stringify({ userIds: ["u"] }),
  JSON.stringify({ ...aChange(), userIds: "u" }),
  JSON.stringify({ ...aChange(), eventIds: [1] }),
])("%p is no change", (message) => expect(readChange(message)).toBeNull());
