/** Verifiers with one look-up broken at a time: the check that the real one passes must catch each. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ensureOutboxPartitions } from "../../src/stores/postgres/outbox-partitions.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import type { Finding } from "../../src/stores/postgres/verifier-search.ts";
import { type Moment, VerifierStore } from "../../src/stores/postgres/verifier-store.ts";
import { GROUP, OUTBOX_PARTITIONS } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { soon } from "../support/outbox-checks.ts";
import {
  checkLostEffectFound,
  checkLostRowFound,
  checkQuietOnTheWay,
  checkSkippedFound,
  type WrapPorts,
} from "../support/verifier-checks.ts";

type Search = Parameters<VerifierStore["search"]>;

/** A store that leaves findings out. */
const withSearch =
  (keep: (name: Search[0], found: readonly Finding[]) => readonly Finding[]): WrapPorts =>
  (ports) => {
    class Mutant extends VerifierStore {
      override async search(...args: Search): Promise<readonly Finding[]> {
        return keep(args[0], await super.search(...args));
      }
    }
    return { ...ports, store: new Mutant(poolOfTest, GROUP) };
  };

/** Does not look whether published events were consumed. */
const noMarkers = withSearch((name, found) => (name.startsWith("published") ? [] : found));

/** Looks at what was verified once never again. */
const onceOnly = withSearch((name, found) => (name.endsWith("_again") ? [] : found));

/** Takes a fact for all that is needed of an acknowledged event. */
const noOutbox = withSearch((_, found) => found.filter(({ reason }) => reason !== "outbox"));

/** Does not wait until consumers have passed what was published. */
const noBarrier: WrapPorts = (ports) => ({ ...ports, readBounds: async () => [] });

/** Takes what it sees of the log for what it will hold in an hour. */
const datedAhead: WrapPorts = (ports) => {
  class Mutant extends VerifierStore {
    override async moment(...args: Parameters<VerifierStore["moment"]>): Promise<Moment> {
      const moment = await super.moment(...args);
      const laterMs = moment.nowMs + 3_600_000;
      return { nowMs: laterMs, settledMs: laterMs, sentMs: laterMs };
    }
  }
  return { ...ports, store: new Mutant(poolOfTest, GROUP) };
};

/** Goes by the offsets of a group that is not there. */
const otherGroup: WrapPorts = (ports) => ({ ...ports, store: new VerifierStore(poolOfTest, "nobody") });

let database: TestDatabase;
let poolOfTest: Pool;

beforeEach(async () => {
  database = await testDatabase();
  poolOfTest = database.pool({ max: 16 });
  await ensureOutboxPartitions(poolOfTest, OUTBOX_PARTITIONS, soon());
});
afterEach(() => database[Symbol.asyncDispose]());

describe("verifier mutants", () => {
  test("one that ignores markers is caught", async () => {
    expect(await failure(checkSkippedFound(poolOfTest, noMarkers))).toContain("verify-w1: effect");
  });

  test("one that never looks again is caught", async () => {
    expect(await failure(checkLostEffectFound(poolOfTest, onceOnly))).toContain("verify-s2: effect");
  });

  test("one that ignores the outbox is caught", async () => {
    expect(await failure(checkLostRowFound(poolOfTest, noOutbox))).toContain("verify-w1: outbox");
  });

  test("one that does not wait for consumers is caught by its false alarm", async () => {
    expect(await failure(checkQuietOnTheWay(poolOfTest, noBarrier))).toContain("verify-w1: effect");
  });

  test("one that waits for offsets that nobody stores is caught", async () => {
    expect(await failure(checkSkippedFound(poolOfTest, otherGroup))).toContain("verify-w1: effect");
  });

  test("one that dates its look at the log too late is caught", async () => {
    expect(await failure(checkQuietOnTheWay(poolOfTest, datedAhead))).toContain("verify-w1: effect");
  });
});

/** The message with which a check failed; "passed" when it did not. */
const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => "passed",
    (error: Error) => error.message,
  );
