/** Ingest in memory: ledger, facts and outbox rows in one instant, with ids that were drawn before it. */

import { StoreDataError } from "../../src/core/errors.ts";
import { effectiveInteraction } from "../../src/events/interaction.ts";
import type { IngestOutcome, IngestPlan, IngestResult } from "../../src/events/ports.ts";
import { changeOf, type FeaturesModel } from "./features-model.ts";
import { type History, keyOfPlan } from "./history.ts";
import type { OutboxModel } from "./outbox-model.ts";
import type { World } from "./world.ts";

type DrawnIds = readonly ReturnType<OutboxModel["drawId"]>[];

export class IngestModel {
  /** The ledger and the facts: event key -> body hash. */
  readonly facts = new Map<string, string>();
  readonly #world: World;
  readonly #history: History;
  readonly #outbox: OutboxModel;
  readonly #features: FeaturesModel;

  constructor(world: World, history: History, outbox: OutboxModel, features: FeaturesModel) {
    this.#world = world;
    this.#history = history;
    this.#outbox = outbox;
    this.#features = features;
  }

  drawIds(plans: readonly IngestPlan[]): DrawnIds {
    return plans.map(() => this.#outbox.drawId());
  }

  /** All or nothing. Throws StoreDataError for data that no row can hold. */
  accept(plans: readonly IngestPlan[], ids: DrawnIds): IngestResult {
    if (plans.some((plan) => this.#history.poisonOf(keyOfPlan(plan)) === "unstorable")) {
      const clients = new Set(plans.map(({ event }) => event.userId));
      this.#world.sometimes("bad data of one client met others in its group", clients.size > 1);
      throw new StoreDataError("22003", "value out of range");
    }
    const outcomes = plans.map((plan, index) => this.#store(plan, ids[index]));
    this.#world.sometimes(
      "an ingest group was committed twice or found its first try",
      outcomes.includes("duplicate"),
    );
    const direct = plans.flatMap(({ event }, index) =>
      event.kind === "direct" && outcomes[index] === "accepted"
        ? [effectiveInteraction(event, Math.trunc(this.#world.nowMs()))]
        : [],
    );
    return { outcomes, changed: changeOf(this.#features.apply(direct)) };
  }

  #store(plan: IngestPlan, drawn = this.#outbox.drawId()): IngestOutcome {
    const key = keyOfPlan(plan);
    const hash = Buffer.from(plan.bodyHash).toString("hex");
    const known = this.facts.get(key);
    if (known !== undefined) return known === hash ? "duplicate" : "conflict";
    this.facts.set(key, hash);
    const { event, outbox } = plan;
    if (outbox && event.kind !== "direct") {
      const payload = this.#history.poisonOf(key) === "payload" ? null : outbox.payload;
      const { eventId, kind: eventType } = event;
      this.#outbox.insert(drawn, { eventKey: key, eventId, eventType, payload }, outbox);
    }
    return "accepted";
  }
}
