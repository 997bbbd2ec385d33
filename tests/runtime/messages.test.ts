/** What lanes promise, on every kind of realm and between kinds. */

import { afterEach, describe, expect, test } from "bun:test";
import { RICH_VALUE } from "../fixtures/programs/actors.ts";
import { aChild, aPair } from "../support/child-specs.ts";
import { eventually } from "../support/eventually.ts";
import { endAll, startTree } from "./trees.ts";

afterEach(endAll);

const KINDS = ["inline", "thread", "process"] as const;
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const slow = { start: { module: "actor", args: { handleMs: 2 } } };

describe.each(KINDS)("messages between actors in a realm: %s", (isolation) => {
  test("waits for credits when the mailbox is sync, in order, and never has more in flight than its capacity", async () => {
    const tree = await startTree(aPair(isolation, slow));
    const told = await tree.cue("driver", { do: "tell", to: "target", count: 40 });
    expect(told).toEqual({ results: upTo(40).map(() => "sent"), lowest: 0, highest: 4 });
    expect(await tree.ask("target", { do: "remembered" })).toEqual({ answer: upTo(40) });
  });

  test("refuses the newest and counts it when the mailbox drops", async () => {
    const mailbox = { capacity: 4, overflow: "drop" } as const;
    const tree = await startTree(aPair(isolation, { ...slow, mailbox }));
    const told = await tree.cue("driver", { do: "tell", to: "target", count: 10 });
    const results = upTo(10).map((n) => (n < 4 ? "sent" : "full"));
    expect(told).toEqual({ results, lowest: 0, highest: 4 });
    expect(await tree.ask("target", { do: "remembered" })).toEqual({ answer: upTo(4) });
    await eventually(() => expect(tree.child("target").deadLetters).toEqual({ full: 6 }));
  });

  test("an offer never waits, and is not lost for a sync mailbox", async () => {
    const tree = await startTree(aPair(isolation, slow));
    const offered = await tree.cue("driver", { do: "offer", to: "target", count: 6 });
    expect(offered).toEqual(["sent", "sent", "sent", "sent", "full", "full"]);
    expect(await tree.ask("target", { do: "remembered" })).toEqual({ answer: upTo(4) });
    expect(tree.child("target").deadLetters).toEqual({});
  });

  test("gives up on a credit after the sender's time, and counts it", async () => {
    const stuck = { start: { module: "actor", args: { handleMs: 300 } } };
    const tree = await startTree(aPair(isolation, stuck));
    const told = await tree.cue("driver", { do: "tell", to: "target", count: 5, timeoutMs: 20 });
    expect(told).toMatchObject({ results: ["sent", "sent", "sent", "sent", "timeout"] });
    await eventually(() => expect(tree.child("target").deadLetters).toEqual({ timeout: 1 }));
  });

  test("an ask ends after its time, and the late reply is a dead letter of the asker", async () => {
    const tree = await startTree(aPair(isolation));
    const outcome = await tree.ask("target", { do: "answer_late", delayMs: 150 }, 20);
    expect(outcome).toMatchObject({ name: "AskTimeoutError" });
    await eventually(() => expect(tree.child("driver").deadLetters).toEqual({ late_reply: 1 }));
  });

  test("an ask ends at once when the peer dies", async () => {
    const killer = aChild("killer", isolation, { sendsTo: ["target"] });
    const tree = await startTree([...aPair(isolation), killer]);
    const asked = tree.ask("target", { do: "answer_late", delayMs: 5_000 }, 6_000);
    await tree.cue("killer", { do: "ask", to: "target", cue: { do: "throw" }, timeoutMs: 2_000 });
    const outcome = await asked;
    expect(outcome).toMatchObject({ name: "PeerDownError" });
    expect(outcome.waitedMs).toBeLessThan(4_000);
  });

  test("a waiting tell ends at once when the peer dies", async () => {
    const killer = aChild("killer", isolation, { sendsTo: ["target"] });
    const stuck = { start: { module: "actor", args: { handleMs: 5_000 } } };
    const tree = await startTree([...aPair(isolation, stuck), killer]);
    const told = tree.cue("driver", { do: "tell", to: "target", count: 5, timeoutMs: 6_000 });
    await tree.cue("killer", { do: "ask", to: "target", cue: { do: "throw" }, timeoutMs: 2_000 });
    expect(await told).toMatchObject({ results: ["sent", "sent", "sent", "sent", "peer_down"] });
  });

  test("nothing is kept for a peer that is down", async () => {
    const tree = await startTree(aPair(isolation, { restart: "temporary" }));
    await tree.ask("target", { do: "throw" });
    await eventually(() => expect(tree.child("target").state).toBe("failed"));
    const told = await tree.cue("driver", { do: "tell", to: "target", count: 2 });
    expect(told).toMatchObject({ results: ["peer_down", "peer_down"], highest: 0 });
    expect(await tree.ask("target", { do: "echo", value: 1 })).toMatchObject({ name: "PeerDownError" });
    await eventually(() => expect(tree.child("target").deadLetters).toEqual({ peer_down: 3 }));
  });

  test("the same peer works again after a restart, with all its credits", async () => {
    const tree = await startTree(aPair(isolation));
    await tree.cue("driver", { do: "tell", to: "target", count: 3 });
    await tree.ask("target", { do: "throw" });
    await tree.running("target", 2);
    const told = await tree.cue("driver", { do: "tell", to: "target", count: 1 });
    expect(told).toEqual({ results: ["sent"], lowest: 3, highest: 4 });
    expect(await tree.ask("target", { do: "remembered" })).toEqual({ answer: [0] });
  });

  test("a reply for an incarnation that is gone is counted and reaches nobody", async () => {
    const tree = await startTree(aPair(isolation));
    void tree.ask("target", { do: "answer_late", delayMs: 200 });
    await tree.cue("driver", { do: "throw" });
    await tree.running("driver", 2);
    expect(await tree.ask("target", { do: "echo", value: "new" })).toEqual({ answer: "new" });
    await eventually(() => {
      const { late_reply = 0, old_incarnation = 0 } = tree.child("driver").deadLetters;
      expect(late_reply + old_incarnation).toBe(1);
    });
  });

  test("carries whatever can be cloned", async () => {
    const tree = await startTree(aPair(isolation));
    expect(await tree.cue("driver", { do: "ask_rich", to: "target" })).toEqual(RICH_VALUE);
  });

  test("throws in the sender for what cannot be cloned", async () => {
    const tree = await startTree(aPair(isolation));
    expect(await tree.cue("driver", { do: "tell_function", to: "target" })).toBe("DataCloneError");
    expect(await tree.cue("driver", { do: "tell", to: "target", count: 1 })).toMatchObject({ highest: 4 });
  });

  test("refuses a peer that the specification does not name", async () => {
    const tree = await startTree(aPair(isolation));
    const cue = { do: "ask", to: "driver", cue: { do: "remembered" }, timeoutMs: 500 } as const;
    expect(await tree.cue("target", cue)).toMatchObject({ message: expect.stringContaining("sendsTo") });
  });
});

describe.each(KINDS.flatMap((sender) => KINDS.map((receiver) => [sender, receiver] as const)))(
  "a lane from %s to %s",
  (sender, receiver) => {
    test("carries messages there in order, and answers and credits back", async () => {
      const tree = await startTree([
        aChild("target", receiver),
        aChild("driver", sender, { sendsTo: ["target"] }),
      ]);
      await tree.cue("driver", { do: "tell", to: "target", count: 30 });
      expect(await tree.ask("target", { do: "remembered" })).toEqual({ answer: upTo(30) });
    });
  },
);
