/** The words of the document about analytics, health, metrics and the documentation itself. */

import { HTML_TYPE, JSON_TYPE } from "../reply.ts";
import { daysField } from "../routes/analytics.ts";
import { capabilityField } from "../routes/health.ts";
import { PROMETHEUS_TYPE } from "../routes/metrics.ts";
import type { Operation } from "./operation.ts";
import { bareAnswer, errorAnswer, jsonAnswer, textAnswer, validationError } from "./responses.ts";
import { ref } from "./schema.ts";

const notReady = (detail: string) => errorAnswer(503, ["not_ready"], ref(detail));
const docsDisabled = errorAnswer(403, ["feature_disabled"]);

export const ANALYTICS_OPERATIONS = {
  contract: {
    tag: "analytics",
    summary: "Targets and limits",
    answers: [jsonAnswer("What reco promises.", ref("Contract"))],
  },
  window: {
    tag: "analytics",
    summary: "The calls of /reco in the last window",
    answers: [jsonAnswer("Counts, rates and latencies over all workers.", ref("RecoWindow"))],
  },
  baseline: {
    tag: "analytics",
    summary: "Key figures of the last days",
    parameters: [{ in: "query", name: "days", schema: { ...daysField.schema, default: 7 } }],
    answers: [jsonAnswer("By event time.", ref("Baseline")), validationError()],
  },
} as const satisfies Record<string, Operation>;

export const HEALTH_OPERATIONS = {
  livez: {
    tag: "health",
    summary: "Is the process alive?",
    answers: [jsonAnswer("It is.", ref("Liveness")), notReady("Liveness")],
  },
  startupz: {
    tag: "health",
    summary: "Is the start done?",
    answers: [jsonAnswer("It is.", ref("Startup")), notReady("Startup")],
  },
  healthz: {
    tag: "health",
    summary: "How are the dependencies?",
    answers: [jsonAnswer("Always; the checks tell.", ref("Healthz"))],
  },
  readyz: {
    tag: "health",
    summary: "May traffic come?",
    description:
      "`capability=serve` asks for recommendations alone, `capability=ingest` for the store alone.",
    parameters: [{ in: "query", name: "capability", schema: capabilityField.schema }],
    answers: [jsonAnswer("It may.", ref("Readyz")), validationError(), notReady("Readyz")],
  },
  health: {
    tag: "health",
    summary: "Short health",
    answers: [jsonAnswer("Always; the status tells.", ref("Health"))],
  },
  ready: {
    tag: "health",
    summary: "Short readiness",
    answers: [jsonAnswer("Ready.", ref("Ready")), bareAnswer(503, "Draining.", ref("Ready"))],
  },
} as const satisfies Record<string, Operation>;

export const METRICS_OPERATION: Operation = {
  tag: "metrics",
  summary: "Metrics of the whole tree as Prometheus text",
  answers: [
    textAnswer("One text for all actors.", PROMETHEUS_TYPE),
    errorAnswer(501, ["metrics_unavailable"]),
  ],
};

const documentation = (summary: string, contentType: string): Operation => ({
  tag: "documentation",
  summary,
  answers: [
    contentType === JSON_TYPE ? jsonAnswer(summary, { type: "object" }) : textAnswer(summary, contentType),
    docsDisabled,
  ],
});

export const DOCS_OPERATIONS = {
  start: documentation("What answers here", HTML_TYPE),
  page: documentation("This document as a page", HTML_TYPE),
  openApi: documentation("This document", JSON_TYPE),
  style: documentation("Style of the page", "text/css; charset=utf-8"),
  script: documentation("Script of the page", "text/javascript; charset=utf-8"),
};
