/** Who runs in reco's tree, in which order, and who may send to whom. */

import { describe, expect, test } from "bun:test";
import { describeTree } from "../../../src/actors/tree.ts";
import { type Config, ROLES, type Role } from "../../../src/config/config.ts";
import type { ChildSpec, SupervisorSpec } from "../../../src/supervisor/actor.ts";
import { checkSupervisorSpec } from "../../../src/supervisor/spec-check.ts";
import { type ConfigOverrides, testConfig } from "../../support/fakes/http-services.ts";

const STORE = { dataDir: "/data", port: 5433 };
const URL = "postgres://127.0.0.1/reco";

function aTree(
  roles: readonly Role[] = ROLES,
  overrides: ConfigOverrides = {},
  store: typeof STORE | null = STORE,
) {
  const config: Config = { ...testConfig(overrides), roles };
  return describeTree(config, URL, store, "entry.ts");
}

const idsOf = ({ children }: SupervisorSpec) => children.map(({ id }) => id);
const child = (spec: SupervisorSpec, id: string): ChildSpec => {
  const found = spec.children.find((entry) => entry.id === id);
  if (!found) throw new Error(`no child ${id}`);
  return found;
};

/** Every set of roles but the empty one. */
const SUBSETS = Array.from({ length: 2 ** ROLES.length - 1 }, (_, index) =>
  ROLES.filter((_role, bit) => (index + 1) & (1 << bit)),
);
const WIDE: ConfigOverrides = { http: { workers: 3 }, consumer: { workers: 2 } };

describe("the default tree", () => {
  test("starts in the documented order", () => {
    expect(idsOf(aTree())).toEqual([
      "store",
      "migrator",
      "monitor",
      "consumer-0",
      "consumer-1",
      "relay",
      "writer",
      "http-0",
      "trainer",
    ]);
  });

  test("gives what crashes hardest a process of its own, and what serves a thread", () => {
    const threads = aTree(ROLES, WIDE).children.filter(({ isolation }) => isolation === "thread");
    expect(threads.map(({ id }) => id)).toEqual(["writer", "http-0", "http-1", "http-2"]);
  });

  test("restarts everything for ever but the migrator, which has an end", () => {
    const kinds = aTree().children.filter(({ restart }) => restart !== "permanent");
    expect(kinds.map(({ id, restart }) => [id, restart])).toEqual([["migrator", "transient"]]);
  });

  test("owns no server when the configuration names one", () => {
    expect(idsOf(aTree(ROLES, {}, null))).not.toContain("store");
  });

  test.each(["http,trainer", "trainer,monitor"])(
    "of %s trains nothing by itself where it may not",
    (roles) => {
      const named = ROLES.filter((role) => roles.includes(role));
      expect(idsOf(aTree(named, { trainer: { isScheduled: false } }))).not.toContain("trainer");
    },
  );

  test("leaves the schema alone when it is told to", () => {
    expect(idsOf(aTree(ROLES, { database: { initOnStartup: false } }))).not.toContain("migrator");
  });
});

describe.each(SUBSETS.map((roles) => [roles.join(","), roles] as const))(
  "a tree with roles %s",
  (_, roles) => {
    test("is accepted by the supervisor, with an own store and without, at any width", () => {
      const specs = [aTree(roles), aTree(roles, WIDE), aTree(roles, WIDE, null)];
      expect(specs.flatMap(checkSupervisorSpec)).toEqual([]);
    });

    test("sends only to children that it has", () => {
      const spec = aTree(roles, WIDE);
      const ids = idsOf(spec);
      const missing = spec.children.flatMap(({ sendsTo }) => sendsTo.filter((id) => !ids.includes(id)));
      expect(missing).toEqual([]);
    });

    test("starts sinks before sources, hints to http workers aside", () => {
      const spec = aTree(roles, WIDE);
      const ids = idsOf(spec);
      const tooLate = spec.children.flatMap(({ id, sendsTo }, index) =>
        sendsTo
          .filter((to) => !to.startsWith("http-") && ids.indexOf(to) > index)
          .map((to) => `${id} > ${to}`),
      );
      expect(tooLate).toEqual([]);
    });

    test("runs an actor of each role and no other", () => {
      const kinds = new Set(idsOf(aTree(roles, {}, null)).map((id) => id.replace(/-\d+$/, "")));
      const extra = roles.includes("http") ? ["migrator", "writer"] : [];
      expect([...kinds].toSorted()).toEqual([...roles, ...extra].toSorted());
    });
  },
);

describe("channels", () => {
  test("http workers hand impressions to the writer, wake the relay and tell each other", () => {
    expect(child(aTree(ROLES, WIDE), "http-1").sendsTo).toEqual(["writer", "relay", "http-0", "http-2"]);
  });

  test("the pipeline wakes its next stage, and consumers tell all http workers", () => {
    const spec = aTree(ROLES, WIDE);
    expect(child(spec, "writer").sendsTo).toEqual(["relay"]);
    expect(child(spec, "relay").sendsTo).toEqual(["consumer-0", "consumer-1"]);
    expect(child(spec, "consumer-1").sendsTo).toEqual(["http-0", "http-1", "http-2"]);
  });

  test("hints are dropped rather than waited for", () => {
    const { children } = aTree(ROLES, WIDE);
    const hinted = children.filter(({ id }) => id !== "writer");
    expect(new Set(hinted.map(({ mailbox }) => mailbox.overflow))).toEqual(new Set(["drop"]));
  });

  test("all outstanding impressions of a worker can share one commit", () => {
    const { mailbox } = child(
      aTree(ROLES, { reco: { maxBackgroundTasks: 7, backpressureMode: "drop" } }),
      "writer",
    );
    expect(mailbox).toEqual({ capacity: 7, overflow: "drop", concurrency: 7 });
  });
});

describe("the time to stop", () => {
  test("suffices by default for requests, impressions and the store one after the other", () => {
    const spec = aTree();
    const usedMs = ["http-0", "writer", "store"].map((id) => child(spec, id).shutdownMs);
    expect(usedMs.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(spec.shutdownMs);
  });

  test("grows for http workers by the time the load balancer is given", () => {
    const longer = aTree(ROLES, { http: { drainDelayMs: 2_000 } });
    expect(child(longer, "http-0").shutdownMs - child(aTree(), "http-0").shutdownMs).toBe(2_000);
  });

  test("leaves the writer a moment to say what it could not store in time", () => {
    const spec = aTree(ROLES, { reco: { backgroundShutdownMs: 3_000 } });
    expect(child(spec, "writer").shutdownMs).toBeGreaterThan(3_000);
  });

  test("and to start covers what the migrator may take", () => {
    expect(child(aTree(), "migrator").startTimeoutMs).toBeGreaterThan(600_000);
  });
});
