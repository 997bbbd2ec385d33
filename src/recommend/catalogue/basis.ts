/** What a catalogue answer goes by: the built-in channels, a trained run, or a shadow of one. */

import type { InstalledModels } from "../engine.ts";
import type { PolicyLabel } from "../policy.ts";
import { isInRollout } from "../rollout.ts";
import type { ServingState } from "../serving-state.ts";
import { type NumberedModel, numberModel } from "./hits.ts";
import type { CatalogueRequest } from "./request.ts";

export interface Basis {
  readonly label: PolicyLabel;
  /** Run id of the model, `rules-v1` without one. */
  readonly version: string;
  readonly trained: NumberedModel | null;
}

/** Without a model channels go by what the stream keeps and the catalogue says, whichever policy answers /reco. */
const builtIn = (policy: ServingState["policy"]): Basis => ({
  label: { name: `builtin:${policy === "stream-v1" ? policy : "rules-v1"}`, variant: "primary" },
  version: "rules-v1",
  trained: null,
});

const ofModel = (slot: string, variant: PolicyLabel["variant"], trained: NumberedModel): Basis => ({
  label: { name: `${slot}:${trained.model.runId}`, variant },
  version: trained.model.runId,
  trained,
});

export class Bases {
  readonly #policy: ServingState["policy"];
  #primary: Basis;
  #shadow: { readonly basis: Basis; readonly rollout: number } | null = null;

  constructor(policy: ServingState["policy"]) {
    this.#policy = policy;
    this.#primary = builtIn(policy);
  }

  install({ primary, shadow }: InstalledModels): void {
    this.#primary = primary
      ? ofModel(primary.slot, "primary", numberModel(primary.run.model))
      : builtIn(this.#policy);
    this.#shadow = shadow && {
      basis: ofModel("shadow", "shadow", numberModel(shadow.run.model)),
      rollout: shadow.rollout,
    };
  }

  /** A shadow answers always the same users, and of calls without a user always the same ones. */
  for({ userId, requestId }: CatalogueRequest): Basis {
    const shadow = this.#shadow;
    if (shadow === null) return this.#primary;
    const isShadows = isInRollout(shadow.basis.version, userId ?? requestId, shadow.rollout);
    return isShadows ? shadow.basis : this.#primary;
  }
}
