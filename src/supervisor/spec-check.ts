/** Finds what is wrong with a supervisor's specification before anything is started. */

import type { ChildSpec, SupervisorSpec } from "./actor.ts";
import { worstDelaysMs } from "./backoff.ts";

/** The start timeout up to which a child falls under the restart rule; longer ones get a longer window instead. */
export const USUAL_START_TIMEOUT_MS = 5_000;

/** One sentence for each problem; none means the tree can be started. */
export function checkSupervisorSpec(spec: SupervisorSpec): string[] {
  const ids = new Set(spec.children.map((child) => child.id));
  const problems: string[] = [];
  if (ids.size < spec.children.length) problems.push("two children have the same id");
  if (!Number.isInteger(spec.intensity) || spec.intensity < 0) {
    problems.push("intensity must be a whole number, 0 or more");
  }
  if (!(spec.periodMs > 0)) problems.push("the period must be longer than 0 ms");
  if (!(spec.shutdownMs > 0)) problems.push("the total shutdown time must be longer than 0 ms");
  return [...problems, ...spec.children.flatMap((child) => checkChild(child, spec, ids))];
}

function checkChild(child: ChildSpec, spec: SupervisorSpec, ids: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const { backoff, mailbox } = child;
  if (!(child.startTimeoutMs > 0)) problems.push("the start timeout must be longer than 0 ms");
  if (!(child.shutdownMs >= 0)) problems.push("the shutdown time must not be negative");
  if (!(backoff.minMs > 0 && backoff.maxMs >= backoff.minMs)) {
    problems.push("back-off needs 0 < minMs <= maxMs");
  }
  if (!(backoff.jitter >= 0 && backoff.jitter < 1)) problems.push("jitter must be in [0, 1)");
  if (!Number.isInteger(mailbox.capacity) || mailbox.capacity < 1) {
    problems.push("the mailbox must hold a whole number of messages, 1 or more");
  }
  const { concurrency = 1 } = mailbox;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    problems.push("the mailbox must let a whole number of messages be handled at once, 1 or more");
  }
  for (const peer of child.sendsTo) {
    if (!ids.has(peer) || peer === child.id) problems.push(`it cannot send to ${peer}`);
  }
  if (!isCloneable(child.start.args)) problems.push("its arguments cannot be cloned into another realm");
  problems.push(...checkRestartRule(child, spec));
  return problems.map((problem) => `${child.id}: ${problem}`);
}

/** Restarts must be able to fill the window, or a child that never gets ready would be restarted for ever. */
function checkRestartRule(child: ChildSpec, { intensity, periodMs }: SupervisorSpec): string[] {
  const startTimeoutMs = Math.min(child.startTimeoutMs, USUAL_START_TIMEOUT_MS);
  const worstMs = worstDelaysMs(intensity, child.backoff) + intensity * startTimeoutMs;
  if (worstMs <= periodMs) return [];
  return [
    `${intensity} failed starts can take ${Math.ceil(worstMs)} ms, longer than the period of ${periodMs} ms: ` +
      "lower the intensity or lengthen the period",
  ];
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false; // The only failure is DataCloneError, which is the answer.
  }
}
