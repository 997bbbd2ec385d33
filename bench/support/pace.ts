/** How fast a backlog is worked off, and what that costs: measured without the start and the last few. */

const POLL_MS = 20;
const LONGEST_MS = 300_000;
/** Shares of the work: before the first one everybody is still starting, after the last one some have nothing to do. */
const FROM = 0.2;
const TO = 0.95;

export interface Pace {
  readonly perSec: number;
  /** CPU time a unit, in µs, by who used it. */
  readonly cpuUs: Readonly<Record<string, number>>;
}

/** `done` counts from 0 to `total`; `cpuMs` are readings of CPU time so far. */
export async function paceOf(
  total: number,
  done: () => Promise<number>,
  cpuMs: Readonly<Record<string, () => number>>,
): Promise<Pace> {
  const read = () =>
    Object.fromEntries(Object.entries(cpuMs).map(([name, readCpu]) => [name, readCpu()] as const));
  let start: { ms: number; count: number; cpu: Record<string, number> } | null = null;
  const endMs = performance.now() + LONGEST_MS;
  while (performance.now() < endMs) {
    const count = await done();
    const ms = performance.now();
    if (start === null && count >= total * FROM) start = { ms, count, cpu: read() };
    if (start && count >= total * TO && count > start.count) {
      const units = count - start.count;
      const before = start.cpu;
      const used = Object.entries(read()).map(
        ([name, after]) => [name, ((after - (before[name] ?? 0)) * 1_000) / units] as const,
      );
      return { perSec: units / ((ms - start.ms) / 1_000), cpuUs: Object.fromEntries(used) };
    }
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`${total} units were not done within ${LONGEST_MS} ms`);
}

export const describePace = ({ perSec, cpuUs }: Pace) =>
  `${perSec.toFixed(0)}/s (${Object.entries(cpuUs)
    .map(([name, us]) => `${name} ${us.toFixed(0)}`)
    .join(", ")} µs)`;
