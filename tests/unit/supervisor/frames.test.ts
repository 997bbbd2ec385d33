/** Which frames are understood, and how errors travel in them. */

import { describe, expect, test } from "bun:test";
import { FatalError } from "../../../src/supervisor/actor.ts";
import { openToChild, openToParent, sealed } from "../../../src/supervisor/frames.ts";
import { revivedError, serialiseError } from "../../../src/supervisor/serialised-error.ts";

describe("frames", () => {
  test("of this version and a known kind are opened", () => {
    expect(openToChild(sealed({ kind: "stop" }))?.kind).toBe("stop");
  });

  test.each([
    ["another version", { v: 2, kind: "ready" }],
    ["no version", { kind: "ready" }],
    ["an unknown kind", sealed({ kind: "hello" })],
    ["a kind of the other direction", sealed({ kind: "stop" })],
    ["an inherited name as its kind", sealed({ kind: "toString" })],
    ["no object at all", "ready"],
    ["null", null],
  ])("are refused with %s", (_what, raw) => {
    expect(openToParent(raw)).toBeNull();
  });
});

describe("a serialised error", () => {
  test("keeps name, message, code, exit code and causes", () => {
    const cause = Object.assign(new Error("socket closed"), { code: "ECONNRESET" });
    expect(serialiseError(new FatalError(78, "schema drifted", { cause }))).toMatchObject({
      name: "FatalError",
      message: "schema drifted",
      code: null,
      exitCode: 78,
      stack: expect.stringContaining("frames.test.ts"),
      cause: { name: "Error", message: "socket closed", code: "ECONNRESET", exitCode: null, cause: null },
    });
  });

  test("keeps at most three causes, so that a ring of causes ends", () => {
    const ring = new Error("ring");
    ring.cause = ring;
    expect(serialiseError(ring).cause?.cause?.cause?.cause).toBeNull();
  });

  test("is made of whatever was thrown", () => {
    expect(serialiseError("just text")).toMatchObject({ name: "Error", message: "just text" });
  });

  test("comes back as an Error with name, message, code and cause", () => {
    const cause = new TypeError("inner");
    const thrown = Object.assign(new RangeError("outer", { cause }), { code: "E_OUTER" });
    const revived = revivedError(structuredClone(serialiseError(thrown)));
    expect(revived).toBeInstanceOf(Error);
    expect(revived).toMatchObject({ name: "RangeError", message: "outer", code: "E_OUTER" });
    expect(revived.cause).toMatchObject({ name: "TypeError", message: "inner" });
  });
});
