/** What a smoke run sends: seed events, recommendations and watches. Each step ends at its first failure. */

import type { Clock } from "../../core/clock.ts";
import type { ApiAnswer, ApiClient } from "./api-client.ts";
import { memberAt } from "./members.ts";
import { readSlate } from "./slate.ts";
import type { SmokePlan } from "./smoke-run.ts";

const USERS = 5;
const K = 5;

export interface Sender {
  readonly api: ApiClient;
  readonly clock: Clock;
  /** Makes the ids of this run differ from those of every other. */
  readonly runId: string;
}

/** One event for each round, user and item; a click from the second round on. */
export async function sendSeeds(
  { api, clock }: Sender,
  { seedUsers, seedItems, seedRounds }: Pick<SmokePlan, "seedUsers" | "seedItems" | "seedRounds">,
): Promise<{ readonly sent: number; readonly problem: string | null }> {
  const perRound = seedUsers * seedItems;
  for (let sent = 0; sent < perRound * seedRounds; sent++) {
    const inRound = sent % perRound;
    const answer = await api.post("/event", {
      user_id: `seed-user-${Math.floor(inRound / seedItems)}`,
      item_id: `seed-item-${inRound % seedItems}`,
      event_type: sent < perRound ? "view" : "click",
      ts: clock.nowMs(),
    });
    const problem = acknowledged(answer, "ok");
    if (problem !== null) return { sent, problem: `event ${sent + 1}: ${problem}` };
  }
  return { sent: perRound * seedRounds, problem: null };
}

export interface TrafficResult {
  readonly counts: { reco_ok: number; watch_ok: number; empty_reco: number };
  readonly recoProblem: string | null;
  readonly watchProblem: string | null;
}

/** Asks `requests` times, and says of each answer with items that the first one was watched. */
export async function sendTraffic(sender: Sender, requests: number): Promise<TrafficResult> {
  const counts = { reco_ok: 0, watch_ok: 0, empty_reco: 0 };
  let recoProblem: string | null = null;
  let watchProblem: string | null = null;
  for (let index = 0; index < requests && recoProblem === null; index++) {
    const user = { user_id: `smoke-user-${index % USERS}`, session_id: `smoke-session-${index % USERS}` };
    const slate = readSlate(await sender.api.get(`/reco?${new URLSearchParams(user)}&k=${K}`));
    if (!slate.ok) {
      recoProblem = `request ${index + 1}: ${slate.error}`;
      continue;
    }
    counts.reco_ok++;
    const [item_id] = slate.value.items;
    if (item_id === undefined) counts.empty_reco++;
    else if (watchProblem === null) {
      const event_id = `smoke-${index}-${sender.runId}`;
      const watch = watchEvent(sender, { ...user, request_id: slate.value.requestId, item_id, event_id });
      watchProblem = acknowledged(await sender.api.post("/log/watch", watch), "ok");
      if (watchProblem === null) counts.watch_ok++;
    }
  }
  if (watchProblem === null && counts.watch_ok === 0) watchProblem = "no recommendation to watch came";
  return { counts, recoProblem, watchProblem };
}

/** Sends one watch twice: the second must be known. Null when it is. */
export async function sendTwice(sender: Sender): Promise<string | null> {
  const watch = watchEvent(sender, {
    user_id: "smoke-user-0",
    session_id: "smoke-session-0",
    request_id: `smoke-again-${sender.runId}`,
    item_id: "seed-item-0",
    event_id: `smoke-again-${sender.runId}`,
  });
  const first = acknowledged(await sender.api.post("/log/watch", watch), "ok", "duplicate");
  if (first !== null) return `first: ${first}`;
  const second = acknowledged(await sender.api.post("/log/watch", watch), "duplicate");
  return second === null ? null : `second: ${second}`;
}

const watchEvent = ({ clock }: Sender, ids: Readonly<Record<string, string>>) => ({
  ...ids,
  ts_ms: clock.nowMs(),
  watch_time_sec: 60,
  percent_watched: 95,
});

/** Why `answer` is no acknowledgement with one of these statuses, or null. */
function acknowledged(answer: ApiAnswer, ...statuses: readonly string[]): string | null {
  if (!answer.ok) return answer.problem;
  const status = memberAt(answer.body, "status");
  if (typeof status === "string" && statuses.includes(status)) return null;
  return `the answer's status is not ${statuses.join(" or ")}`;
}
