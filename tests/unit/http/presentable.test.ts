import { expect, test } from "bun:test";
import type { Issue } from "../../../src/events/issue.ts";
import { presentable } from "../../../src/http/presentable.ts";

const anIssue = (overrides: Partial<Issue>): Issue => ({
  type: "extra_forbidden",
  loc: ["body", "x"],
  msg: "m",
  input: "value",
  ...overrides,
});

test("blots out the value of a field that is named like a secret", () => {
  expect(presentable(anIssue({ loc: ["body", "x_api_key"] })).input).toBe("[redacted]");
});

test("blots out secrets inside a previewed object, however deep", () => {
  const input = { user_id: "u", nested: [{ Password: "p" }] };
  expect(presentable(anIssue({ input })).input).toEqual({
    user_id: "u",
    nested: [{ Password: "[redacted]" }],
  });
});

test("blots out a preview that was cut into text around a secret", () => {
  expect(presentable(anIssue({ input: '{"a":"x","api_key":"sec' })).input).toBe("[redacted]");
});

test("cuts field names that a client made up", () => {
  expect(presentable(anIssue({ loc: ["body", "k".repeat(9999), 3] })).loc).toEqual([
    "body",
    "k".repeat(256),
    3,
  ]);
});
