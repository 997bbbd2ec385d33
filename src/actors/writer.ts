/** Stores the impressions and slates of all http actors in the background, in groups. */

import type { Config } from "../config/config.ts";
import { planOptions } from "../config/plan-options.ts";
import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { failpoint } from "../core/failpoint.ts";
import { slateHash } from "../events/body-hash.ts";
import type { ImpressionEvent } from "../events/model.ts";
import { planEvent } from "../events/plan.ts";
import type { IngestOutcome, IngestPlan, IngestStore } from "../events/ports.ts";
import { GroupCommit } from "../stores/postgres/group-commit.ts";
import { createIngestStore } from "../stores/postgres/ingest-store.ts";
import { createSlateStore } from "../stores/postgres/slate-store.ts";
import type { Actor, ActorContext } from "../supervisor/actor.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import { openRealm } from "./realm.ts";
import type { SlatesMessage } from "./slate-message.ts";
import { SlateWriter } from "./slate-writer.ts";
import type { ActorArgs } from "./tree.ts";
import { wakeRelay } from "./wake-relay.ts";
import { openRemoteWaker } from "./wake-ups.ts";

export interface ImpressionMessage {
  readonly kind: "impression";
  readonly event: ImpressionEvent;
}

export type WriterMessage = ImpressionMessage | SlatesMessage;

const MAX_GROUP_EVENTS = 100;
/** An impression that cannot be stored within this time gives its credit back; a stop may allow less. */
const STORE_DEADLINE_MS = 5_000;

export interface ImpressionWriterPorts {
  readonly store: IngestStore;
  readonly config: Config;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Outbox rows were committed. */
  readonly onOutbox: () => void;
}

/** Plans, groups and counts impressions; used by the writer actor, and by http actors that store inline. */
export class ImpressionWriter implements AsyncDisposable {
  readonly #ports: ImpressionWriterPorts;
  readonly #commits: GroupCommit<IngestPlan, IngestOutcome>;

  constructor(ports: ImpressionWriterPorts) {
    this.#ports = ports;
    this.#commits = new GroupCommit({
      sizeOf: () => 1,
      maxGroupEvents: MAX_GROUP_EVENTS,
      maxQueuedEvents: ports.config.reco.maxBackgroundTasks * ports.config.http.workers,
      commit: async (plans, deadline) => {
        const { outcomes } = await ports.store.accept(plans, deadline);
        if (outcomes.includes("accepted")) ports.onOutbox();
        return outcomes;
      },
    });
  }

  /** Impressions that wait for their group. */
  get queued(): number {
    return this.#commits.queuedEvents;
  }

  /** Stores one impression and counts what became of it. Never rejects: a lost impression must not cost an answer. */
  async write(event: ImpressionEvent, deadline: Deadline): Promise<void> {
    const { config, metrics, log } = this.#ports;
    const count = (outcome: string) => metrics.counter("reco_impression_log_total", { outcome }).inc();
    const fail = (error: string) => {
      count("failed");
      log.warn({ error, request_id: event.requestId }, "impression.failed");
    };
    const plan = planEvent(event, slateHash(event), planOptions(config));
    if (!plan.ok) return fail(plan.error);
    try {
      const outcome = await this.#commits.submit(plan.value, deadline);
      count(outcome === "accepted" ? "logged" : outcome);
    } catch (error) {
      fail(asError(error).message);
    }
  }

  /** Resolves when everything accepted is settled. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#commits.close();
  }
}

export async function start(context: ActorContext<ActorArgs>): Promise<Actor<WriterMessage>> {
  const { config } = context.args;
  const realm = openRealm(context, "writer");
  const waker = await openRemoteWaker(context, realm, "reco:outbox");
  const budgetMs = Math.min(STORE_DEADLINE_MS, config.reco.backgroundShutdownMs);
  const writer = new ImpressionWriter({
    store: createIngestStore(realm.pool, context.clock),
    config,
    clock: context.clock,
    metrics: realm.metrics,
    log: realm.log,
    onOutbox: wakeRelay(context, waker),
  });
  const slates = new SlateWriter({
    store: createSlateStore(realm.pool, config.retention.slateDays),
    budgetMs,
    clock: context.clock,
    metrics: realm.metrics,
    log: realm.log,
    onProgress: () => context.progress(),
  });
  return {
    async receive(message) {
      if (message.kind === "slates") return slates.accept(message);
      await failpoint("writer.receive");
      // The credit goes back when this settles, so that the sender's outstanding impressions stay bounded.
      await writer.write(message.event, Deadline.after(budgetMs, context.clock));
      context.progress();
    },
    busy: () => writer.queued > 0 || slates.waiting > 0,
    report: realm.report,
    async stop() {
      await Promise.all([writer[Symbol.asyncDispose](), slates[Symbol.asyncDispose]()]);
      await waker[Symbol.asyncDispose]();
      await realm[Symbol.asyncDispose]();
    },
  };
}
