/** A trained model as the bytes of its file, and back. */

import { FACTORS, type ItemFactors } from "../recommend/item-factors.ts";
import type { ItemLists } from "../recommend/item-lists.ts";
import { EQUAL_SIGNALS, type SignalWeights } from "../recommend/profile-weights.ts";
import type { SourceName } from "../recommend/ranked-list.ts";
import { SESSION_DECAYS, type SessionIndex } from "../recommend/session-index.ts";
import {
  type BlendWeights,
  LIST_SOURCES,
  type ListSource,
  type TrainedModel,
} from "../recommend/trained-model.ts";
import { type Bundle, BundleError, type Column, decodeBundle, encodeBundle } from "./bundle.ts";
import { FEATURE_SCHEMA_VERSION } from "./gates.ts";

interface Meta {
  readonly feature_schema_version: string;
  readonly run_id: string;
  readonly strategy: string;
  readonly weights: BlendWeights;
  readonly session_weights: BlendWeights;
  readonly profile_half_life: number;
  /** Absent in files from before signals counted in profiles: there all were equal. */
  readonly signal_weights?: SignalWeights;
  readonly session_decay: SessionIndex["decay"] | null;
  /** Since format version 2. */
  readonly ials?: { readonly probes: number; readonly ridge: number };
}

/** A build that knows no factors refuses it: it would leave out what the blend counts on. */
const WITH_FACTORS = 2;

/** What serving needs: without what no blend counts. Content stays, since it is all that is known of a new item. */
export function servedPart(model: TrainedModel): TrainedModel {
  const { weights, sessionWeights } = model;
  const counts = (name: SourceName) => (weights[name] ?? 0) + (sessionWeights[name] ?? 0) > 0;
  const {
    lists: { item_knn, ...lists },
    factors,
    ...others
  } = model;
  return {
    ...others,
    ...(factors && counts("ials") && { factors }),
    lists: { ...lists, ...(item_knn && counts("item_knn") && { item_knn }) },
    sessions: counts("session_knn") ? model.sessions : null,
  };
}

export function encodeModel(model: TrainedModel): Uint8Array<ArrayBuffer> {
  const columns = new Map<string, Column>();
  columns.set("item_ids", new TextEncoder().encode(JSON.stringify(model.itemIds)));
  for (const name of LIST_SOURCES) {
    const lists = model.lists[name];
    if (lists === undefined) continue;
    columns.set(`${name}.starts`, lists.starts);
    columns.set(`${name}.items`, lists.items);
    columns.set(`${name}.weights`, lists.weights);
  }
  const { sessions } = model;
  if (sessions !== null) {
    columns.set("sessions.starts", sessions.starts);
    columns.set("sessions.items", sessions.items);
    columns.set("sessions.end_ms", sessions.endMs);
    columns.set("sessions.item_starts", sessions.itemStarts);
    columns.set("sessions.sessions", sessions.sessions);
  }
  const { factors } = model;
  if (factors !== undefined) {
    columns.set("ials.vectors", factors.vectors);
    columns.set("ials.items", factors.items);
    columns.set("ials.places", factors.places);
    columns.set("ials.cell_starts", factors.cellStarts);
    columns.set("ials.centroids", factors.centroids);
    columns.set("ials.spreads", factors.spreads);
    columns.set("ials.base", factors.base);
  }
  const meta: Meta = {
    feature_schema_version: FEATURE_SCHEMA_VERSION,
    run_id: model.runId,
    strategy: model.strategy,
    weights: model.weights,
    session_weights: model.sessionWeights,
    profile_half_life: model.profileHalfLife,
    signal_weights: model.signalWeights,
    session_decay: sessions?.decay ?? null,
    ...(factors && { ials: { probes: factors.probes, ridge: factors.ridge } }),
  };
  return encodeBundle(meta, columns, factors ? WITH_FACTORS : 1);
}

/** Large columns stay where they are in `bytes`. Throws BundleError for a file that is broken or of another version. */
export function loadModel(bytes: Uint8Array): TrainedModel {
  const bundle = decodeBundle(bytes);
  const meta = bundle.meta as Meta;
  if (meta.feature_schema_version !== FEATURE_SCHEMA_VERSION) {
    throw new BundleError(
      `Feature schema contract version mismatch: the model has ${meta.feature_schema_version}, this build ${FEATURE_SCHEMA_VERSION}`,
    );
  }
  const itemIds = JSON.parse(
    Buffer.from(column(bundle, "item_ids", Uint8Array)).toString("utf8"),
  ) as string[];
  const lists: Partial<Record<ListSource, ItemLists>> = {};
  for (const name of LIST_SOURCES) {
    if (!bundle.columns.has(`${name}.starts`)) continue;
    const starts = column(bundle, `${name}.starts`, Int32Array);
    if (starts.length !== itemIds.length + 1) throw new BundleError(`${name} has lists of other items`);
    const items = column(bundle, `${name}.items`, Int32Array);
    lists[name] = { starts, items, weights: column(bundle, `${name}.weights`, Float32Array) };
  }
  return {
    runId: meta.run_id,
    strategy: meta.strategy,
    itemIds,
    lists,
    ...(meta.ials && { factors: factorsOf(bundle, meta.ials, itemIds.length) }),
    sessions: sessionsOf(bundle, meta),
    weights: meta.weights,
    sessionWeights: meta.session_weights,
    profileHalfLife: meta.profile_half_life,
    signalWeights: meta.signal_weights ?? EQUAL_SIGNALS,
  };
}

function sessionsOf(bundle: Bundle, { session_decay }: Meta): SessionIndex | null {
  const decay = SESSION_DECAYS.find((name) => name === session_decay);
  if (decay === undefined) return null;
  return {
    decay,
    starts: column(bundle, "sessions.starts", Int32Array),
    items: column(bundle, "sessions.items", Int32Array),
    endMs: column(bundle, "sessions.end_ms", Float64Array),
    itemStarts: column(bundle, "sessions.item_starts", Int32Array),
    sessions: column(bundle, "sessions.sessions", Int32Array),
  };
}

function factorsOf(bundle: Bundle, { probes, ridge }: NonNullable<Meta["ials"]>, items: number): ItemFactors {
  const factors = {
    vectors: column(bundle, "ials.vectors", Float32Array),
    items: column(bundle, "ials.items", Int32Array),
    places: column(bundle, "ials.places", Int32Array),
    cellStarts: column(bundle, "ials.cell_starts", Int32Array),
    centroids: column(bundle, "ials.centroids", Float32Array),
    spreads: column(bundle, "ials.spreads", Float32Array),
    base: column(bundle, "ials.base", Float64Array),
  };
  const cells = factors.spreads.length;
  const fit =
    factors.vectors.length === items * FACTORS &&
    factors.items.length === items &&
    factors.places.length === items &&
    factors.cellStarts.length === cells + 1 &&
    factors.cellStarts[cells] === items &&
    factors.centroids.length === cells * FACTORS &&
    factors.base.length === FACTORS;
  if (!fit) throw new BundleError("ials has factors of other items");
  return { ...factors, probes, ridge };
}

function column<C extends Column>(
  { columns }: Bundle,
  name: string,
  kind: abstract new (...args: never[]) => C,
): C {
  const found = columns.get(name);
  if (found instanceof kind) return found;
  throw new BundleError(`the model has no ${name}`);
}
