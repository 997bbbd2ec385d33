/** Waits for a server that was just spawned. */

const READY_MS = 90_000;
const POLL_MS = 5;

/** Resolves at the first good answer of `url`; throws when the server ends or takes too long. */
export async function untilReady(url: string, child: Bun.Subprocess): Promise<void> {
  const endMs = performance.now() + READY_MS;
  while (performance.now() < endMs) {
    if (child.exitCode !== null)
      throw new Error(`the server ended with ${child.exitCode} before it was ready`);
    const answered = await fetch(url).catch(() => null); // Nothing listens yet.
    await answered?.arrayBuffer();
    if (answered?.ok) return;
    await Bun.sleep(POLL_MS);
  }
  child.kill("SIGKILL");
  throw new Error(`the server was not ready within ${READY_MS} ms`);
}
