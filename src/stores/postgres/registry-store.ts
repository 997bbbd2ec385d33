/** Keeps which run serves: one row a slot, one row for the rest, and a number that grows with every change. */

import type { Committed, RegistryState, RegistryStore, Shadow, WorkerReport } from "../../models/ports.ts";
import { promote, rollback, type SlotChange, type SlotName, servingRun } from "../../models/slots.ts";
import { appendAudit } from "./audit-log.ts";
import type { Connection, Pool, Transaction } from "./pool-types.ts";

/** A worker reports once a second. */
const WORKER_LIFETIME_SEC = 5;

export function createRegistryStore(pool: Pool): RegistryStore {
  return {
    state: (deadline) => pool.use("read", deadline, readState),
    promote: ({ slot, runId, activate, actor }, deadline) =>
      pool.transaction("write", deadline, async (tx) => {
        const change = promote(await lockState(tx), slot, runId, activate);
        return commit(tx, change, "promote", actor);
      }),
    rollback: ({ slot, actor }, deadline) =>
      pool.transaction("write", deadline, async (tx) => {
        const change = rollback(await lockState(tx), slot);
        return change.ok ? commit(tx, change.value, "rollback", actor) : "no_backup";
      }),
    revert: (change, actor, deadline) =>
      pool.transaction("write", deadline, (tx) => revert(tx, change, actor)),
    setShadow: (shadow, actor, deadline) =>
      pool.transaction("write", deadline, async (tx) => {
        await lockState(tx);
        return { version: await changeShadow(tx, shadow, actor) };
      }),
    touch: (actor, deadline) => pool.transaction("write", deadline, (tx) => touch(tx, actor)),
    report: (report, deadline) => pool.use("write", deadline, (sql) => upsertReport(sql, report)),
    workers: (deadline) => pool.use("read", deadline, readWorkers),
  };
}

interface StateRow {
  readonly slot: SlotName;
  readonly currentRun: string | null;
  readonly previousRun: string | null;
  readonly promotedAtMs: number | null;
  readonly promotedBy: string | null;
  readonly activeSlot: SlotName;
  readonly shadowRun: string | null;
  readonly shadowRollout: number;
  readonly version: number;
  readonly generation: number;
}

async function readState(sql: Connection | Transaction): Promise<RegistryState> {
  const rows = await sql<StateRow[]>`
    select p.slot, p.current_run as "currentRun", p.previous_run as "previousRun",
      floor(date_part('epoch', p.promoted_at) * 1000) as "promotedAtMs", p.promoted_by as "promotedBy",
      s.active_slot as "activeSlot", s.shadow_run as "shadowRun", s.shadow_rollout as "shadowRollout",
      s.version::float8 as version, s.generation::float8 as generation
    from policy_slot p cross join policy_state s`;
  const [row] = rows;
  if (!row) throw new Error("policy_state has no row");
  const bySlot = <T>(value: (row: StateRow) => T) =>
    Object.fromEntries(rows.map((each) => [each.slot, value(each)])) as Record<SlotName, T>;
  const { activeSlot, shadowRun, shadowRollout, version, generation } = row;
  return {
    activeSlot,
    version,
    generation,
    shadow: shadowRun === null ? null : { runId: shadowRun, rollout: shadowRollout },
    slots: bySlot(({ currentRun, previousRun }) => ({ currentRun, previousRun })),
    promotions: bySlot(({ promotedAtMs, promotedBy }) =>
      promotedAtMs === null ? null : { atMs: promotedAtMs, by: promotedBy ?? "" },
    ),
  };
}

/** Changes come one after the other. */
async function lockState(tx: Transaction): Promise<RegistryState> {
  await tx`select from policy_state for update`;
  return readState(tx);
}

async function commit(
  tx: Transaction,
  change: SlotChange,
  action: "promote" | "rollback",
  actor: string,
): Promise<Committed> {
  const { state, slot, runId, previousRunId } = change;
  const { currentRun, previousRun } = state.slots[slot];
  await tx`
    update policy_slot set current_run = ${currentRun}, previous_run = ${previousRun},
      promoted_at = clock_timestamp(), promoted_by = ${actor}
    where slot = ${slot}`;
  const [row] = await tx<{ version: number }[]>`
    update policy_state set active_slot = ${state.activeSlot}, version = version + 1
    returning version::float8 as version`;
  const version = row?.version ?? 0;
  await note(tx, { action, slot, runId, previousRunId, actor, version });
  return { ...change, version };
}

async function revert(tx: Transaction, { before, slot, version }: Committed, actor: string): Promise<void> {
  const state = await lockState(tx);
  if (state.version !== version) return;
  const { currentRun, previousRun } = before.slots[slot];
  await tx`
    update policy_slot set current_run = ${currentRun}, previous_run = ${previousRun} where slot = ${slot}`;
  await tx`update policy_state set active_slot = ${before.activeSlot}, version = version + 1`;
  await note(tx, {
    action: "revert",
    slot,
    runId: currentRun,
    previousRunId: state.slots[slot].currentRun,
    actor,
    version: version + 1,
  });
}

async function changeShadow(tx: Transaction, shadow: Shadow | null, actor: string): Promise<number> {
  const [row] = await tx<{ version: number }[]>`
    update policy_state set shadow_run = ${shadow?.runId ?? null}, shadow_rollout = ${shadow?.rollout ?? 0},
      version = version + 1
    returning version::float8 as version`;
  const version = row?.version ?? 0;
  const action = shadow === null ? "shadow.remove" : `shadow.rollout=${shadow.rollout}`;
  await note(tx, { action, slot: null, runId: shadow?.runId ?? null, previousRunId: null, actor, version });
  return version;
}

async function touch(tx: Transaction, actor: string): Promise<{ version: number }> {
  const state = await lockState(tx);
  const version = state.version + 1;
  await tx`update policy_state set version = ${version}, generation = generation + 1`;
  const runId = servingRun(state);
  await note(tx, { action: "reload", slot: state.activeSlot, runId, previousRunId: runId, actor, version });
  return { version };
}

interface Note {
  readonly action: string;
  readonly slot: SlotName | null;
  readonly runId: string | null;
  readonly previousRunId: string | null;
  readonly actor: string;
  readonly version: number;
}

async function note(tx: Transaction, entry: Note): Promise<void> {
  const { action, slot, runId, previousRunId, actor, version } = entry;
  await tx`
    insert into policy_history (action, slot, run_id, previous_run_id, actor, version)
    values (${action}, ${slot}, ${runId}, ${previousRunId}, ${actor}, ${version})`;
  await appendAudit(tx, {
    actor,
    action: `policy.${action}`,
    object: slot === null ? "shadow" : `slot:${slot}`,
    result: `run ${runId ?? "none"}, before ${previousRunId ?? "none"}, version ${version}`,
  });
}

async function upsertReport(sql: Connection, { worker, version, error }: WorkerReport): Promise<void> {
  await sql`
    insert into policy_worker (worker, version, error, seen_at)
    values (${worker}, ${version}, ${error}, clock_timestamp())
    on conflict (worker) do update set version = excluded.version, error = excluded.error, seen_at = excluded.seen_at`;
}

async function readWorkers(sql: Connection): Promise<readonly WorkerReport[]> {
  return sql<WorkerReport[]>`
    select worker, version::float8 as version, error from policy_worker
    where seen_at > clock_timestamp() - make_interval(secs => ${WORKER_LIFETIME_SEC})
    order by worker`;
}
