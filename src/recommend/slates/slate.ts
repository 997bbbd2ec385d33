/** Served slates, and what stores them. */

import type { Deadline } from "../../core/deadline.ts";
import type { RecoSource } from "../ranked-list.ts";
import type { SlateFeatures } from "./features.ts";

/** What the caller asked for beside the length. */
export interface SlateWishes {
  readonly exclude: readonly string[];
  /** Texts of the expressions; null where there was none. */
  readonly filter: string | null;
  readonly boost: string | null;
}

export interface SlateItem {
  readonly itemId: string;
  readonly score: number;
  readonly propensity: number;
  /** Those that gave the item anything, a boost included. */
  readonly sources: readonly RecoSource[];
  /** Whether exploration drew the item for its place. */
  readonly isExplored: boolean;
}

export interface ServedSlate {
  readonly requestId: string;
  readonly servedAtMs: number;
  readonly userId: string;
  readonly sessionId: string;
  readonly surface: string;
  readonly k: number;
  /** `builtin:<name>`, `<slot>:<run id>` or `shadow:<run id>`. */
  readonly policy: string;
  readonly modelVersion: string;
  readonly variant: string;
  /** `<cause>:<source>` when the answer was not the full policy's. */
  readonly degraded: string | null;
  readonly strategy: string;
  /** Of the exploration; null where nothing was explored. */
  readonly seed: string | null;
  readonly wishes: SlateWishes;
  /** In the order shown. */
  readonly items: readonly SlateItem[];
}

/** A slate on its way to the store: what is long in it is written where it was served, and no more than passed on from there. */
export interface NewSlate extends Omit<ServedSlate, "items"> {
  /** JSON, as `writeItems` makes it. */
  readonly items: string;
  /** Null where nothing is known of what it was made from. */
  readonly featuresId: string | null;
}

export interface NewFeatures {
  readonly id: string;
  readonly servedAtMs: number;
  /** As `writeFeatures` makes them. */
  readonly written: Uint8Array | null;
}

export interface SlateBatch {
  readonly slates: readonly NewSlate[];
  /** Those that no batch before had. */
  readonly features: readonly NewFeatures[];
}

/** `missing`: they were lost, or never known; `truncated`: they were too large to be kept. */
export type StoredFeatures = SlateFeatures | "missing" | "truncated";

export interface StoredSlate {
  readonly slate: ServedSlate;
  readonly features: StoredFeatures;
}

/** What is known of an item now; the candidates of a slate are not asked for it. */
export interface ItemStanding {
  /** The catalogue has it, or somebody took it. */
  readonly isKnown: boolean;
  /** In the catalogue, from everybody. */
  readonly isHidden: boolean;
}

/** All may throw StoreUnavailableError or StoreDataError. */
export interface SlateStore {
  /** Stores the slates whose request id was not seen within the last day, and answers their number. */
  store(batch: SlateBatch, deadline: Deadline): Promise<number>;
  /** Null for an id that is unknown, or older than the retention. */
  find(requestId: string, deadline: Deadline): Promise<StoredSlate | null>;
  standing(itemId: string, deadline: Deadline): Promise<ItemStanding>;
}

/** Of one slate's features, compressed. */
export const FEATURES_MAX_BYTES = 65_536;
