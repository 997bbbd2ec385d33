import { describe, expect, test } from "bun:test";
import { fakeHttp } from "../support/fakes/http-services.ts";
import { stagedRun } from "../support/fakes/registry.ts";

const [FIRST, SECOND] = ["20260101_000000", "20260102_000000"];
type Http = ReturnType<typeof fakeHttp>;
const answerOf = async (response: Response) => ({
  status: response.status,
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects.
  body: (await response.json()) as any,
});
const send = (http: Http, path: string, body: object) => http.post(path, body).then(answerOf);
const promote = (http: Http, run_id: string, more = {}) => send(http, "/policy/promote", { run_id, ...more });
const reload = (http: Http, body: object) => send(http, "/models/reload", body);

describe("policy", () => {
  test("shows empty slots on a fresh install", async () => {
    const { body } = await answerOf(await fakeHttp().get("/policy"));
    expect(body).toEqual({
      active_slot: "default",
      slots: { default: null, blue: null, green: null },
      previous: { default: null, blue: null, green: null },
      latest: FIRST,
    });
  });

  test("blue, then green, then back: the active slot moves and says which run it took", async () => {
    const http = fakeHttp();
    expect((await promote(http, FIRST, { slot: "blue" })).body).toMatchObject({
      run_id: FIRST,
      slot: "blue",
      active_slot: "blue",
      promoted: true,
      previous_run_id: null,
      workers_switched: 1,
    });
    await promote(http, SECOND, { slot: "blue" });
    await promote(http, FIRST, { slot: "green" });
    const back = await send(http, "/policy/rollback", { slot: "blue" });
    expect(back.body).toMatchObject({ run_id: FIRST, slot: "blue", active_slot: "blue", rolled_back: true });
    const { body } = await answerOf(await http.get("/policy"));
    expect([body.active_slot, body.slots.blue.run_id, body.previous.blue]).toEqual(["blue", FIRST, SECOND]);
  });

  test("a run that fails a gate is a conflict that names it, and the old one serves on", async () => {
    const http = fakeHttp();
    await promote(http, FIRST);
    http.models.evidence.set(SECOND, { policy: { status: "ok", policy_version: "9" }, artifactSha256: null });
    const refused = await promote(http, SECOND);
    expect([refused.status, refused.body.detail]).toEqual([409, "Policy contract version mismatch"]);
    expect((await answerOf(await http.get("/policy"))).body.slots.default.run_id).toBe(FIRST);
  });

  test("a rollback without a backup is a conflict", async () => {
    const answer = await send(fakeHttp(), "/policy/rollback", { slot: "green" });
    expect([answer.status, answer.body.detail]).toEqual([409, "Slot green has no previous run"]);
  });
});

describe("models", () => {
  test("a shadow is loaded, rolled out, clamped and promoted", async () => {
    const http = fakeHttp();
    await promote(http, FIRST);
    expect((await reload(http, { mode: "shadow", run_id: SECOND, rollout: 0.05 })).body).toEqual({
      status: "ok",
      mode: "shadow",
      run_id: SECOND,
      shadow_rollout: 0.05,
      message: "Shadow model loaded",
    });
    expect((await reload(http, { rollout: -3 })).body).toMatchObject({ run_id: FIRST, shadow_rollout: 0 });
    expect((await reload(http, { rollout: 9 })).body.shadow_rollout).toBe(1);
    expect((await answerOf(await http.get("/models"))).body.shadow_rollout).toBe(1);
    expect((await reload(http, {})).body).toMatchObject({
      mode: "primary",
      run_id: SECOND,
      shadow_rollout: 0,
      message: "Primary model reloaded",
    });
    expect(http.models.state.shadow).toBeNull();
  });

  test("a source names a run of the registry, or a folder that runs may come from", async () => {
    const http = fakeHttp();
    expect((await reload(http, { source: `runs/${SECOND}` })).body.run_id).toBe(SECOND);
    for (const source of ["../../etc", "/runs/20260101_000000", "s3://bucket/x"]) {
      const { status, body } = await reload(http, { source });
      expect([status, body.error_code]).toEqual([400, "invalid_source"]);
    }
    http.models.staged.set("models/staging/new", stagedRun("20260103_000000"));
    expect((await reload(http, { source: "models/staging/new", mode: "shadow" })).body).toMatchObject({
      mode: "shadow",
      run_id: "20260103_000000",
    });
    expect((await reload(http, { source: "models/staging/new" })).body).toMatchObject({
      mode: "primary",
      run_id: "20260103_000000",
    });
  });

  test("what lies in the folder and may not serve is named, and changes nothing", async () => {
    const http = fakeHttp();
    await promote(http, FIRST);
    http.models.staged.set("models/staging/new", "Policy is not usable: decision_policy.json is missing");
    const answer = await reload(http, { source: "models/staging/new" });
    expect([answer.status, answer.body.error_code]).toEqual([500, "policy_load_failed"]);
    expect(answer.body.detail).toContain("decision_policy.json");
    expect((await answerOf(await http.get("/policy"))).body.slots.default.run_id).toBe(FIRST);
  });

  test("a load that a worker refuses is an error that names the worker, and changes nothing", async () => {
    const http = fakeHttp();
    await promote(http, FIRST);
    http.models.workers = (version) => [{ worker: "http-1", version, error: "Model checksum mismatch" }];
    const answer = await reload(http, { run_id: SECOND });
    expect([answer.status, answer.body.error_code]).toEqual([500, "policy_load_failed"]);
    expect(answer.body.detail).toContain("http-1: Model checksum mismatch");
    expect((await answerOf(await http.get("/policy"))).body.slots.default.run_id).toBe(FIRST);
  });

  test("a mode that is neither is refused", async () => {
    const answer = await reload(fakeHttp(), { mode: "both" });
    expect([answer.status, answer.body.error_code]).toEqual([400, "invalid_mode"]);
  });
});

describe("the report on a shadow", () => {
  test("is empty while none is loaded", async () => {
    expect(await answerOf(await fakeHttp().get("/models/shadow/report"))).toEqual({
      status: 200,
      body: {
        primary: "builtin:rules-v1",
        shadow: null,
        shadow_rollout: 0,
        sample_rate: 0.1,
        k: 10,
        sample_size: 0,
        overlap_at_k: null,
        rank_correlation: null,
        score_psi: null,
        latency_ms: { primary: { p50: null, p95: null }, shadow: { p50: null, p95: null } },
        errors: 0,
        shed: 0,
      },
    });
  });

  test("tells what was compared", async () => {
    const http = fakeHttp();
    await reload(http, { mode: "shadow", run_id: SECOND, rollout: 0.25 });
    const figures = { p50: 0.5, p95: 1.5 };
    http.shadowReport = {
      k: 10,
      sample_size: 40,
      overlap_at_k: 0.7,
      rank_correlation: 0.4,
      score_psi: 0.02,
      latency_ms: { primary: figures, shadow: figures },
      errors: 1,
      shed: 2,
    };
    const { body } = await answerOf(await http.get("/models/shadow/report"));
    expect(body).toMatchObject({ shadow_rollout: 0.25, ...http.shadowReport });
  });
});
