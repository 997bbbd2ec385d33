/** Which frames the supervisor passes on, and what happens to the others. */

import { describe, expect, test } from "bun:test";
import type { DataFrame, ToChild } from "../../../src/supervisor/frames.ts";
import { Switchboard } from "../../../src/supervisor/switchboard.ts";
import { aChild } from "../../support/child-specs.ts";

const MESSAGE = { kind: "message", message: "hello", askId: null } as const;
const forward = (peer: string, incarnation: number): DataFrame => ({
  kind: "data",
  peer,
  incarnation,
  direction: "forward",
  body: MESSAGE,
});

function setUp() {
  const lost: string[] = [];
  const received = new Map<string, ToChild[]>();
  const children = [aChild("sink", "process"), aChild("source", "process", { sendsTo: ["sink"] })];
  const board = new Switchboard(children, (actor, reason) => lost.push(`${actor} ${reason}`));
  const line = (id: string, incarnation: number) => {
    const frames: ToChild[] = [];
    received.set(id, frames);
    return { id, incarnation, isolation: "process", send: (frame: ToChild) => frames.push(frame) } as const;
  };
  const open = (id: string, incarnation: number) => {
    const opened = line(id, incarnation);
    const lanes = board.open(opened);
    return { line: opened, lanes };
  };
  const kinds = (id: string) => received.get(id)?.map((frame) => frame.kind);
  return { board, lost, open, kinds, received };
}

describe("switchboard", () => {
  test("gives a starting child its lanes to the peers that run, and nothing of those that start", () => {
    const { board, open } = setUp();
    open("sink", 1);
    expect(open("source", 1).lanes).toEqual([]);
    board.admit("sink");
    expect(open("source", 2).lanes).toMatchObject([{ direction: "out", peer: "sink", incarnation: 1 }]);
  });

  test("joins a child that gets ready with the senders that are there", () => {
    const { board, open, received } = setUp();
    open("sink", 1);
    open("source", 1);
    board.admit("sink");
    expect(received.get("source")).toMatchObject([{ kind: "connect", direction: "out", peer: "sink" }]);
    expect(received.get("sink")).toMatchObject([{ kind: "connect", direction: "in", peer: "source" }]);
  });

  test("passes a message on with the author's name and incarnation", () => {
    const { board, open, received } = setUp();
    open("sink", 1);
    board.admit("sink");
    const source = open("source", 3);
    board.route(source.line, forward("sink", 1));
    const last = received.get("sink")?.at(-1);
    expect(last).toEqual({
      kind: "data",
      peer: "source",
      incarnation: 3,
      direction: "forward",
      body: MESSAGE,
    });
  });

  test("drops and counts what was meant for an incarnation that is gone", () => {
    const { board, lost, open, kinds } = setUp();
    open("sink", 2);
    board.route(open("source", 1).line, forward("sink", 1));
    expect({ lost, sink: kinds("sink") }).toEqual({ lost: ["sink old_incarnation"], sink: [] });
  });

  test("drops and counts what was meant for a peer that is down", () => {
    const { board, lost, open } = setUp();
    board.route(open("source", 1).line, forward("sink", 1));
    expect(lost).toEqual(["sink peer_down"]);
  });

  test("drops and counts what goes a way that the specification does not name", () => {
    const { board, lost, open } = setUp();
    open("source", 1);
    board.route(open("sink", 1).line, forward("source", 1));
    expect(lost).toEqual(["sink unknown_frame"]);
  });

  test("does not count credits for a sender that is gone", () => {
    const { board, lost, open } = setUp();
    const back = { ...forward("source", 1), direction: "back", body: { kind: "credit", count: 2 } } as const;
    board.route(open("sink", 1).line, back);
    expect(lost).toEqual([]);
  });

  test("tells both sides when a child is gone", () => {
    const { board, open, received } = setUp();
    open("sink", 1);
    board.admit("sink");
    open("source", 1);
    board.close("source");
    expect(received.get("sink")?.at(-1)).toMatchObject({
      kind: "disconnect",
      direction: "in",
      peer: "source",
    });
    open("source", 2);
    board.close("sink");
    expect(received.get("source")?.at(-1)).toMatchObject({
      kind: "disconnect",
      direction: "out",
      peer: "sink",
    });
  });
});
