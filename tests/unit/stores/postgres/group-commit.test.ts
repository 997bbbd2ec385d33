/** How units of concurrent callers share transactions. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadline } from "../../../../src/core/deadline.ts";
import { StoreDataError, StoreUnavailableError } from "../../../../src/core/errors.ts";
import { GroupCommit, type GroupCommitOptions } from "../../../../src/stores/postgres/group-commit.ts";
import { manualClock, settled } from "../../../support/manual-clock.ts";

type Unit = readonly string[];

/** Commits wait until the test ends them, and begin without waiting for the end of the turn unless it says so. */
function aGroupCommit(options: Partial<GroupCommitOptions<Unit, string>> = {}) {
  const clock = manualClock();
  const commits: { units: readonly Unit[]; end(error?: Error): void }[] = [];
  const groupCommit = new GroupCommit<Unit, string>({
    sizeOf: (unit) => unit.length,
    commit(units) {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      const end = (error?: Error) => (error ? reject(error) : resolve(units.map((unit) => `${unit} stored`)));
      commits.push({ units, end });
      return promise;
    },
    nextTurn: (start) => start(),
    ...options,
  });
  const submit = (unit: Unit, budgetMs = 1_000) => groupCommit.submit(unit, Deadline.after(budgetMs, clock));
  const failure = (unit: Unit, budgetMs?: number) =>
    submit(unit, budgetMs).catch((error: StoreUnavailableError) => error.reason);
  return { groupCommit, clock, commits, submit, failure };
}

describe("grouping", () => {
  test("a lone unit is committed at once", async () => {
    const { submit, commits } = aGroupCommit();
    const outcome = submit(["a"]);
    commits[0]?.end();
    expect(await outcome).toBe("a stored");
  });

  test("what comes in one turn of the event loop makes up one group", async () => {
    const { submit, commits } = aGroupCommit({ nextTurn: setImmediate });
    for (const name of ["a", "b", "c"]) void submit([name]);
    expect(commits).toEqual([]);
    await new Promise(setImmediate);
    void submit(["d"]);
    await new Promise(setImmediate);
    expect(commits.map(({ units }) => units)).toEqual([[["a"], ["b"], ["c"]], [["d"]]]);
  });

  test("what comes during the commits in flight makes up the next group", async () => {
    const { submit, commits } = aGroupCommit();
    for (const name of ["a", "b", "c", "d"]) void submit([name]);
    expect(commits.map(({ units }) => units)).toEqual([[["a"]], [["b"]]]);
    commits[0]?.end();
    await settled();
    expect(commits[2]?.units).toEqual([["c"], ["d"]]);
  });

  test("a group holds at most the configured number of events", async () => {
    const { submit, commits } = aGroupCommit({ groupsInFlight: 1, maxGroupEvents: 3 });
    void submit(["first"]);
    for (const name of ["a", "b", "c"]) void submit([name, name]);
    commits[0]?.end();
    await settled();
    expect(commits[1]?.units).toEqual([["a", "a"]]);
  });

  test("a unit above that number is a group of its own", async () => {
    const { submit, commits } = aGroupCommit({ maxGroupEvents: 2 });
    void submit(["a", "b", "c"]);
    expect(commits[0]?.units).toEqual([["a", "b", "c"]]);
  });

  test("every unit gets its own outcome, groups stay small, and few are in flight", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 }),
        async (scheduler, sizes) => {
          let inFlight = 0;
          let mostInFlight = 0;
          let biggest = 0;
          const groupCommit = new GroupCommit<number[], string>({
            sizeOf: (unit) => unit.length,
            maxGroupEvents: 8,
            async commit(units) {
              mostInFlight = Math.max(mostInFlight, ++inFlight);
              biggest = Math.max(biggest, units.flat().length);
              await scheduler.schedule(Promise.resolve());
              inFlight--;
              return units.map((unit) => `unit ${unit[0]}`);
            },
          });
          const outcomes = sizes.map((size, index) =>
            groupCommit.submit(
              Array.from({ length: size }, () => index),
              Deadline.after(5_000),
            ),
          );
          await scheduler.waitFor(Promise.all(outcomes));
          expect(await Promise.all(outcomes)).toEqual(sizes.map((_, index) => `unit ${index}`));
          expect(mostInFlight).toBeLessThanOrEqual(2);
          expect(biggest).toBeLessThanOrEqual(8);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("failures", () => {
  const store = (bad: string, thrown: Error) => ({
    groupsInFlight: 1,
    commit: async (units: readonly Unit[]) => {
      await settled();
      if (units.some((unit) => unit.includes(bad))) throw thrown;
      return units.map((unit) => `${unit} stored`);
    },
  });

  test("a unit with bad data spoils only itself", async () => {
    const { submit } = aGroupCommit(store("bad", new StoreDataError("22021", "NUL")));
    const settledUnits = await Promise.allSettled(
      [["first"], ["a"], ["bad"], ["b"]].map((unit) => submit(unit)),
    );
    expect(settledUnits.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
  });

  test("an unavailable store fails the whole group, once", async () => {
    let commits = 0;
    const failing = store("b", new StoreUnavailableError("timeout", "unknown"));
    const { submit } = aGroupCommit({
      ...failing,
      commit: (units) => {
        commits++;
        return failing.commit(units);
      },
    });
    const settledUnits = await Promise.allSettled([["first"], ["a"], ["b"]].map((unit) => submit(unit)));
    expect(settledUnits.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(commits).toBe(2);
  });
});

describe("limits", () => {
  test("refuses a unit when too many events wait", async () => {
    const { submit, failure } = aGroupCommit({ groupsInFlight: 1, maxQueuedEvents: 2 });
    void submit(["in flight"]);
    void submit(["a", "b"]);
    expect(await failure(["c"])).toBe("pool");
  });

  test("a unit whose time is up before its group starts is never committed", async () => {
    const { submit, failure, commits, clock } = aGroupCommit({ groupsInFlight: 1 });
    void submit(["in flight"]);
    const late = failure(["late"], 100);
    await clock.advance(100);
    expect(await late).toBe("pool");
    commits[0]?.end();
    await settled();
    expect(commits).toHaveLength(1);
  });

  test("a unit whose time is up during its commit has an unknown outcome", async () => {
    const { failure, clock } = aGroupCommit();
    const late = failure(["late"], 100);
    await clock.advance(100);
    expect(await late).toBe("timeout");
  });

  test("one member's early deadline does not shorten the group's", async () => {
    const clock = manualClock();
    let groupDeadline: Deadline | undefined;
    const groupCommit = new GroupCommit<Unit, string>({
      sizeOf: () => 1,
      groupsInFlight: 1,
      async commit(units, deadline) {
        groupDeadline = deadline;
        return units.map(String);
      },
    });
    await Promise.all([10, 100, 900, 200].map((ms) => groupCommit.submit(["a"], Deadline.after(ms, clock))));
    expect(groupDeadline?.remainingMs()).toBe(900);
  });
});

describe("close", () => {
  test("settles what was accepted and refuses what comes", async () => {
    const { groupCommit, submit, failure, commits } = aGroupCommit({ groupsInFlight: 1 });
    const outcomes = Promise.all([submit(["a"]), submit(["b"])]);
    const closed = groupCommit.close();
    expect(await failure(["c"])).toBe("closed");
    commits[0]?.end();
    await settled();
    commits[1]?.end();
    await closed;
    expect(await outcomes).toEqual(["a stored", "b stored"]);
  });
});
