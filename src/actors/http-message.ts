/** What other actors tell an http worker. */

import type { Interaction } from "../events/model.ts";
import type { FeatureChange } from "../events/ports.ts";
import type { ModelMessage } from "./model-shelf.ts";

/** About state the worker holds in memory. Losing one costs freshness only. */
export type HttpMessage =
  /** A commit changed stored features. */
  | { readonly kind: "applied"; readonly change: FeatureChange }
  /** Another worker acknowledged watches that the store does not show yet. */
  | { readonly kind: "overlay"; readonly interactions: readonly Interaction[] }
  | ModelMessage;
