/** Commits accepted events in groups and lets serving state know at the acknowledgement. */

import type { Clock } from "../core/clock.ts";
import { failpoint } from "../core/failpoint.ts";
import { effectiveInteraction } from "../events/interaction.ts";
import type { Interaction } from "../events/model.ts";
import type { FeatureChange, IngestOutcome, IngestPlan, IngestStore } from "../events/ports.ts";
import type { IngestService } from "../http/services.ts";
import { GroupCommit } from "../stores/postgres/group-commit.ts";

export interface IngestPorts {
  readonly store: IngestStore;
  readonly clock: Clock;
  /** Direct events changed the stored features. */
  readonly onApplied: (change: FeatureChange) => void;
  /** Watches were acknowledged; the stream brings them to the stored features later. */
  readonly onWatches: (interactions: readonly Interaction[]) => void;
  /** Direct events were committed; where trending items are counted as they come. */
  readonly onSignals?: (interactions: readonly Interaction[]) => void;
  /** Outbox rows were committed. */
  readonly onOutbox: () => void;
  /** As of GroupCommit: where another clock owns the turns. */
  readonly nextTurn?: (start: () => void) => void;
}

type Unit = readonly IngestPlan[];

/** The unit is what a request brought: stored whole or not at all. */
export function createIngestService(ports: IngestPorts): IngestService & AsyncDisposable {
  const commits = new GroupCommit<Unit, readonly IngestOutcome[]>({
    sizeOf: (unit) => unit.length,
    ...(ports.nextTurn && { nextTurn: ports.nextTurn }),
    async commit(units, deadline) {
      const plans = units.flat();
      const { outcomes, changed } = await ports.store.accept(plans, deadline);
      announce(ports, plans, outcomes, changed);
      await failpoint("ingest.after_commit");
      return split(outcomes, units);
    },
  });
  return {
    accept: (plans, deadline) => commits.submit(plans, deadline),
    [Symbol.asyncDispose]: () => commits.close(),
  };
}

/** Before any caller is answered, so that the client's next request finds its event. */
function announce(
  ports: IngestPorts,
  plans: readonly IngestPlan[],
  outcomes: readonly IngestOutcome[],
  changed: FeatureChange,
): void {
  const accepted = plans.filter((_, index) => outcomes[index] === "accepted");
  if (changed.userIds.length > 0) ports.onApplied(changed);
  const nowMs = ports.clock.nowMs();
  const ofKind = (kind: "watch" | "direct") =>
    accepted.flatMap(({ event }) => (event.kind === kind ? [effectiveInteraction(event, nowMs)] : []));
  const watches = ofKind("watch");
  if (watches.length > 0) ports.onWatches(watches);
  ports.onSignals?.(ofKind("direct"));
  if (accepted.some(({ outbox }) => outbox !== null)) ports.onOutbox();
}

function split(outcomes: readonly IngestOutcome[], units: readonly Unit[]): (readonly IngestOutcome[])[] {
  let from = 0;
  return units.map((unit) => {
    const part = outcomes.slice(from, from + unit.length);
    from += unit.length;
    return part;
  });
}
