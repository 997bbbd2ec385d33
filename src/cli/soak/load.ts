/** Posts at a bounded rate, again and again until each event is acknowledged, and keeps the history. */

import type { Clock } from "../../core/clock.ts";
import type { ApiAnswer } from "../acceptance/api-client.ts";
import { numberAt } from "../acceptance/members.ts";
import type { History } from "./history.ts";
import { requestOf, type SoakRequest } from "./traffic.ts";

const SENDERS = 16;
/** Longer than any restart takes; what has no answer by then stays unknown. */
const MAX_TRIES = 60;
const RETRY_MS = 500;

export interface LoadPorts {
  post(path: string, body: unknown): Promise<ApiAnswer>;
  readonly clock: Clock;
  readonly history: History;
}

export interface LoadSettings {
  readonly seed: number;
  /** Posts a second, of all senders together. */
  readonly rate: number;
  /** Ends the load; what is under way gets its answer. */
  readonly signal: AbortSignal;
  /** Ends it at once: what has no answer yet stays unknown. */
  readonly giveUp: AbortSignal;
}

/** Resolves after the end of the load, when no request is open. */
export async function runLoad(settings: LoadSettings, ports: LoadPorts): Promise<void> {
  await Promise.all(Array.from({ length: SENDERS }, (_, sender) => runSender(sender, settings, ports)));
}

/** One post at a time. A sender that was held up does not catch up: the rate is an upper bound. */
async function runSender(
  sender: number,
  { seed, rate, signal, giveUp }: LoadSettings,
  ports: LoadPorts,
): Promise<void> {
  const { clock } = ports;
  const everyMs = (SENDERS * 1000) / rate;
  await clock.sleep((everyMs * sender) / SENDERS, signal);
  for (let sequence = 0; !signal.aborted && !giveUp.aborted; sequence++) {
    const startMs = clock.monotonicMs();
    await deliver(requestOf(seed, sender, sequence, clock.nowMs()), giveUp, ports);
    await clock.sleep(Math.max(0, everyMs - (clock.monotonicMs() - startMs)), signal);
  }
}

async function deliver(
  request: SoakRequest,
  giveUp: AbortSignal,
  { post, clock, history }: LoadPorts,
): Promise<void> {
  const { path, body, events, repeated } = request;
  const posted = history.begin(events, clock.monotonicMs());
  const { requests, repeats } = history.counts;
  const send = async () => {
    const answer = await post(path, body);
    history.answered(path, answer.ok ? String(answer.status) : `${answer.status} ${answer.problem}`);
    return answer;
  };
  for (let tries = 1; tries <= MAX_TRIES && !giveUp.aborted; tries++) {
    const answer = await send();
    if (answer.ok) {
      const ackedMs = clock.monotonicMs();
      for (const event of posted) event.ackedMs = ackedMs;
      requests.ok++;
      if (!repeated) return;
      repeats.sent++;
      const again = await send();
      if (again.ok && isNew(again.body)) repeats.accepted++;
      return;
    }
    if (answer.status === 500) history.unexpected.add(`${path}: ${answer.problem}`);
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      history.unexpected.add(`${path}: ${answer.problem}`);
      requests.fail++;
      return;
    }
    await clock.sleep(RETRY_MS, giveUp);
  }
  requests.unknown++;
}

/** Whether any event of the post was stored by it. */
function isNew(body: unknown): boolean {
  const inserted = numberAt(body, "inserted_events");
  return inserted === null ? (body as { status?: unknown } | null)?.status === "ok" : inserted > 0;
}
