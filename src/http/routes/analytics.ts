/** GET /contract, /metrics/reco and /analytics/baseline: what reco promises and how it does. */

import { intField } from "../../events/field.ts";
import { invalid } from "../errors.ts";
import { KPI_TARGETS, SLA_TARGETS, summarize } from "../kpi.ts";
import { eachParameter, QueryReader } from "../query.ts";
import { json, round3 } from "../reply.ts";
import type { Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

const DEFAULT_DAYS = 7;
export const daysField = intField({ min: 1, max: 30 });

type Handle = Route["handle"];

export function analyticsHandlers(
  services: HttpServices,
): Record<"contract" | "window" | "baseline", Handle> {
  const { config, analytics } = services;
  const contract = {
    kpi_targets: KPI_TARGETS,
    sla_targets: SLA_TARGETS,
    event_contract: {
      max_event_future_ms: config.ingest.maxEventFutureMs,
      max_event_age_ms: config.ingest.maxEventAgeMs,
      max_batch_size: config.ingest.maxBatchSize,
    },
  };
  return {
    contract: () => json(200, contract),
    window: async () => json(200, summarize(await services.recoWindow(), config.reco)),
    async baseline(call) {
      const reader = new QueryReader();
      let given: string | null | undefined;
      eachParameter(call.query, (name, value) => {
        if (name === "days") given = value;
      });
      const days = reader.optional("days", given, daysField) ?? DEFAULT_DAYS;
      if (reader.issues.length > 0) return invalid(reader.issues);
      const metrics = await analytics.baseline(days, call.deadline);
      const rounded = Object.entries(metrics).map(([name, value]) => [name, round3(value)]);
      return json(200, { kpi_targets: KPI_TARGETS, metrics: Object.fromEntries(rounded) });
    },
  };
}
