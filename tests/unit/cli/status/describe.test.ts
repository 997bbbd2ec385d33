import { describe, expect, test } from "bun:test";
import { describeStatus } from "../../../../src/cli/status/describe.ts";
import type { ActorReport, StatusReport } from "../../../../src/cli/status/report.ts";

const actor = (id: string, more: Partial<ActorReport> = {}): ActorReport => ({
  id,
  state: "running",
  isolation: "process",
  pid: 4_194_303,
  incarnation: 1,
  restarts: 0,
  uptime_sec: 11_520,
  last_exit: null,
  ...more,
});

const report: StatusReport = {
  running: true,
  version: "0.1.0",
  pid: 4242,
  data_dir: "/var/lib/reco",
  roles: ["http", "relay", "consumer", "monitor"],
  ports: { http: { host: "0.0.0.0", port: 8080 }, metrics: { host: "0.0.0.0", port: 9108 }, store: 40_001 },
  actors: [
    actor("store"),
    actor("migrator", { state: "stopped", last_exit: "normal" }),
    actor("consumer-0", { incarnation: 4, restarts: 3, last_exit: `killed: ${"no heartbeat ".repeat(12)}` }),
    actor("consumer-1", { state: "backing_off", incarnation: 12, restarts: 11 }),
  ],
  store: { kind: "embedded", address: "postgres://reco:***@127.0.0.1:40001/reco", version: "18.4" },
  policy: "builtin:rules-v1",
  outbox: { pending: 3, publishing: 1, published: 12_000_000, dead: 2, oldest_lag_ms: 65_000 },
  lag: { records: 17, partitions: [{ topic: "watches", partition: 0, records: 17 }] },
};

/** The words of the line that begins with `label`. */
const lineOf = (text: string, label: string) =>
  text
    .split("\n")
    .find((line) => line.startsWith(`${label} `))
    ?.split(/\s+/) ?? [];

describe("the status for people", () => {
  const text = describeStatus(report);

  test("fits on 80 columns, whatever an actor's last words were", () => {
    expect(text.split("\n").filter(({ length }) => length > 80)).toEqual([]);
  });

  test("has one row an actor, in the order of the tree", () => {
    expect(lineOf(text, "store").join(" ")).toContain("18.4");
    expect(lineOf(text, "consumer-0").slice(0, 6)).toEqual([
      "consumer-0",
      "running",
      "process",
      "4194303",
      "4",
      "3",
    ]);
    expect(lineOf(text, "consumer-1")).toEqual([
      "consumer-1",
      "backing_off",
      "process",
      "-",
      "12",
      "11",
      "-",
    ]);
    expect(lineOf(text, "migrator").slice(0, 2)).toEqual(["migrator", "done"]);
  });

  test("says where to call, what waits and how far behind the consumers are", () => {
    expect(text).toContain("http://127.0.0.1:8080\n");
    expect(text).toContain("3 pending (the oldest for 1 min 5 s), 1 publishing, 2 dead");
    expect(text).toContain("17 records behind in 1 partitions");
  });

  test("says why a part is unknown, and leaves out what such a tree does not have", () => {
    const worker = describeStatus({
      ...report,
      ports: { ...report.ports, http: null },
      store: { error: "postgres://u:***@db/x: connection refused" },
      policy: null,
      lag: null,
    });
    expect(worker).toContain("unknown: postgres://u:***@db/x: connection refused");
    expect(worker).not.toMatch(/^(api|policy|lag) /m);
  });

  test("does not call it no lag when no partition is assigned", () => {
    expect(describeStatus({ ...report, lag: { records: 0, partitions: [] } })).toContain(
      "lag      unknown: no partition",
    );
  });
});
