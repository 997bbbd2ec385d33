import { describe, expect, test } from "bun:test";
import { collect, ISSUES_MAX, type Issue, issue, under, valueError } from "../../../src/events/issue.ts";

const inputOf = (input: unknown) => issue("missing", "", input).input;

describe("issue", () => {
  test("cuts a long input to 256 characters", () => {
    expect(inputOf("x".repeat(300))).toBe("x".repeat(256));
  });

  test("leaves no half of a surrogate pair at the cut", () => {
    expect((inputOf(`${"x".repeat(255)}🦊`) as string).isWellFormed()).toBe(true);
  });

  test("shows a small object as it is", () => {
    expect(inputOf({ user_id: "u", items: [1] })).toEqual({ user_id: "u", items: [1] });
  });

  test("shows a large object as the beginning of its text", () => {
    const input = inputOf(
      Object.fromEntries(Array.from({ length: 999 }, (_, index) => [`key-${index}`, "value"])),
    );
    expect(input).toStartWith('{"key-0":"value"');
    expect(input).toHaveLength(256);
  });

  test("puts the place in front of the loc", () => {
    expect(
      under(["body", "events", 3], [{ ...issue("missing", "", null), loc: ["user_id"] }])[0]?.loc,
    ).toEqual(["body", "events", 3, "user_id"]);
  });

  test("begins the message of a value error with `Value error, `", () => {
    expect(valueError("must be an object", null).msg).toBe("Value error, must be an object");
  });

  test("collects no more issues than the limit", () => {
    const issues: Issue[] = [];
    const many = Array.from({ length: ISSUES_MAX - 1 }, () => issue("missing", "", null));
    expect([collect(issues, many), collect(issues, many), issues.length]).toEqual([true, false, ISSUES_MAX]);
  });
});
