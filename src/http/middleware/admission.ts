/** Gate 8: bounds the calls in flight by class, and sheds when the event loop falls behind. */

import type { Metrics } from "../../telemetry/metrics-types.ts";
import { ADMISSION_LIMITS, type AdmissionClass, type Call } from "../route.ts";
import type { HealthView } from "../services.ts";

/** Lag of the event loop, as a share of the call's whole time, above which an answer would come too late. */
const MAX_LAG_SHARE = 0.2;

export class Admission {
  readonly #inFlight: Record<AdmissionClass, number> = {
    serve: 0,
    ingest: 0,
    catalogue: 0,
    batch: 0,
    admin: 0,
  };
  readonly #shed: Readonly<Record<AdmissionClass, { inc(): void }>>;
  readonly #outboxHighWater: number;

  /** Above `outboxHighWater` unpublished rows batches are shed: they are what fills the store fastest. */
  constructor(metrics: Metrics, outboxHighWater: number) {
    this.#outboxHighWater = outboxHighWater;
    for (const [name, limit] of Object.entries(ADMISSION_LIMITS)) {
      metrics.gauge("reco_admission_limit", { class: name }).set(limit);
    }
    const shed = (name: AdmissionClass) => metrics.counter("reco_shed_total", { class: name });
    this.#shed = {
      serve: shed("serve"),
      ingest: shed("ingest"),
      catalogue: shed("catalogue"),
      batch: shed("batch"),
      admin: shed("admin"),
    };
  }

  /** Takes a place; true obliges the caller to `leave`. */
  enter(name: AdmissionClass, call: Call, health: HealthView): boolean {
    const late = health.eventLoopLagMs > call.budgetMs * MAX_LAG_SHARE;
    if (late || this.#inFlight[name] >= ADMISSION_LIMITS[name] || this.#isFlooding(name, health)) {
      this.#shed[name].inc();
      return false;
    }
    this.#inFlight[name]++;
    return true;
  }

  leave(name: AdmissionClass): void {
    this.#inFlight[name]--;
  }

  #isFlooding(name: AdmissionClass, { outbox }: HealthView): boolean {
    if (name !== "batch" || outbox === null || "error" in outbox) return false;
    return outbox.pending + outbox.publishing > this.#outboxHighWater;
  }
}
