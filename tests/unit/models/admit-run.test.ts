/** How runs that were trained elsewhere come into the registry. */

import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { createRegistry } from "../../../src/models/registry.ts";
import { fakeRegistry, stagedRun } from "../../support/fakes/registry.ts";
import { manualClock } from "../../support/manual-clock.ts";

const RUN = "20260103_000000";

function setUp() {
  const clock = manualClock();
  const fake = fakeRegistry();
  const registry = createRegistry({ ...fake, clock });
  const admit = (source: string) => registry.admit(source, Deadline.after(10_000, clock));
  return { fake, admit };
}
const refused = (message: string) => ({ ok: false, error: { kind: "gate", message } }) as const;

describe("a run in a folder", () => {
  test("is one of the registry's once it passed the gates, and the same one when it comes again", async () => {
    const { fake, admit } = setUp();
    fake.staged.set("new", stagedRun(RUN));
    expect(await admit("new")).toEqual({ ok: true, value: RUN });
    expect(fake.evidence.get(RUN)).toMatchObject({ artifactSha256: "a".repeat(64) });
    expect(fake.shownRuns).toEqual([RUN]);
    expect(await admit("new")).toEqual({ ok: true, value: RUN });
  });

  test("is refused for each gate that it fails, and leaves nothing behind", async () => {
    const { fake, admit } = setUp();
    const { policy } = stagedRun(RUN);
    const flaws = [
      ["Policy is not usable", { policy: { ...policy, status: "draft" } }],
      ["Model artifact missing", { artifactSha256: null }],
      ["Model checksum mismatch", { artifactSha256: "b".repeat(64) }],
      ["Policy is not usable: run_id must look like 20260101_023000", { runId: "../../etc" }],
    ] as const;
    for (const [message, flaw] of flaws) {
      fake.staged.set("bad", stagedRun(RUN, flaw));
      expect(await admit("bad")).toEqual(refused(message));
    }
    fake.staged.set("bad", "Policy is not usable: decision_policy.json is missing");
    expect(await admit("bad")).toEqual(refused("Policy is not usable: decision_policy.json is missing"));
    expect(await admit("elsewhere")).toEqual({ ok: false, error: { kind: "invalid_source" } });
    expect(fake.evidence.size).toBe(0);
  });

  test("with a name that another run has is refused, whatever differs", async () => {
    const { fake, admit } = setUp();
    fake.staged.set("new", stagedRun(RUN));
    await admit("new");
    const { policy } = stagedRun(RUN);
    fake.staged.set("other rules", stagedRun(RUN, { policy: { ...policy, serving: { max_per_author: 1 } } }));
    const other = "b".repeat(64);
    const otherPolicy = { ...policy, selected_model_sha256: other };
    fake.staged.set("other model", stagedRun(RUN, { policy: otherPolicy, artifactSha256: other }));
    for (const source of ["other rules", "other model"]) {
      expect(await admit(source)).toEqual(refused(`Run ${RUN} is registered with other files`));
    }
    expect(fake.evidence.get(RUN)?.policy).toEqual(policy);
  });

  test("brings back files that the registry lost", async () => {
    const { fake, admit } = setUp();
    fake.staged.set("new", stagedRun(RUN));
    await admit("new");
    fake.evidence.set(RUN, { policy: stagedRun(RUN).policy, artifactSha256: null });
    expect(await admit("new")).toEqual({ ok: true, value: RUN });
    expect(fake.evidence.get(RUN)?.artifactSha256).toBe("a".repeat(64));
  });
});
