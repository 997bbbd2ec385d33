/** Named places where a fault test makes its realm crash, hang, throw or wait; nothing happens unless armed. */

import { systemClock } from "./clock.ts";

type Action =
  | { readonly kind: "crash" }
  | { readonly kind: "hang" }
  | { readonly kind: "throw" }
  | { readonly kind: "reject" }
  | { readonly kind: "spin" }
  | { readonly kind: "delay"; readonly delayMs: number };

interface Armed {
  readonly action: Action;
  /** Acts on every n-th pass. */
  readonly every: number;
  passes: number;
}

export class FailpointError extends Error {
  override name = "FailpointError";
}

const ENTRY = /^([a-z_.]+)=(crash|hang|throw|reject|spin|delay:(\d{1,6}))(?:@([1-9]\d{0,5}))?$/;
/** The failpoints of this realm; empty but in fault tests. */
const armed = new Map<string, Armed>();

/**
 * Replaces what is armed by `spec`: `name=action` entries, separated by `;`, with the actions `crash` (SIGKILL to the
 * own process), `hang`, `throw`, `reject` (a rejection nobody handles), `spin` (a loop that never yields) and
 * `delay:<ms>`; `@n` acts on every n-th pass only. An empty spec disarms everything.
 * Example: `relay.after_publish=crash@5;consumer.in_transaction=delay:200`. Throws on anything else.
 */
export function armFailpoints(spec: string): void {
  armed.clear();
  for (const entry of spec.split(";").map((text) => text.trim())) {
    if (entry === "") continue;
    const match = ENTRY.exec(entry);
    if (!match) throw new TypeError(`not a failpoint: ${entry}`);
    const [, name = "", word = "", delay = "0", every = "1"] = match;
    armed.set(name, { action: parseAction(word, Number(delay)), every: Number(every), passes: 0 });
  }
}

const parseAction = (word: string, delayMs: number): Action =>
  isPlain(word) ? { kind: word } : { kind: "delay", delayMs };

type PlainKind = Exclude<Action["kind"], "delay">;
const PLAIN_KINDS: readonly string[] = ["crash", "hang", "throw", "reject", "spin"] satisfies PlainKind[];
const isPlain = (word: string): word is PlainKind => PLAIN_KINDS.includes(word);

/** Passes the named place. */
export async function failpoint(name: string): Promise<void> {
  if (armed.size === 0) return;
  const entry = armed.get(name);
  if (!entry || ++entry.passes % entry.every !== 0) return;
  switch (entry.action.kind) {
    case "crash":
      process.kill(process.pid, "SIGKILL");
      return new Promise(() => {}); // The signal needs a moment; nothing may run in it.
    case "hang":
      return new Promise(() => {});
    case "throw":
      throw new FailpointError(`failpoint ${name}`);
    case "reject":
      void Promise.reject(new FailpointError(`failpoint ${name}`));
      return;
    case "spin":
      while (true);
    case "delay":
      return systemClock.sleep(entry.action.delayMs);
  }
}
