/** Realms inside the supervisor's own: for tests, with the semantics of the others but for busy loops and strays. */

import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { Host, type ModuleTable, type ParentLink } from "./actor-host.ts";
import { sealed } from "./frames.ts";
import { type SpawnRealm, saysLoaded } from "./realm-adapter.ts";

/** A real channel between the two ends clones messages and keeps them from overtaking each other. */
export function inlineRealms(modules: ModuleTable, clock: Clock, random: Random): SpawnRealm {
  return (_request, events) => {
    const { port1: outside, port2: inside } = new MessageChannel();
    let ended = false;
    const end = (detail: string) => {
      if (ended) return;
      ended = true;
      outside.close();
      clock.schedule(0, () => events.ended(detail));
    };
    const host = new Host({ link: inlineLink(inside), modules, clock, random });
    inside.on("message", (raw: unknown) => host.accept(raw));
    outside.on("message", (raw: unknown) => {
      if (ended) return;
      events.frame(raw);
      if (saysLoaded(raw) && (raw as { kind: string }).kind === "exited") end("ended");
    });
    return {
      pid: process.pid,
      send: (frame) => outside.postMessage(sealed(frame)),
      kill: () => {
        host.abandon();
        end("killed");
      },
    };
  };
}

function inlineLink(port: MessagePort): ParentLink {
  return {
    send: (frame) => port.postMessage(sealed(frame)),
    end: (frame) => port.postMessage(sealed(frame)),
  };
}
