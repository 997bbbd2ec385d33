/** Asks models in this process. */

import { type Interaction, SIGNAL_WEIGHT } from "../events/model.ts";
import { isGuest } from "../recommend/viewer.ts";
import { AnswerSheet } from "./answer-sheet.ts";
import type { FrozenFeatures } from "./frozen-features.ts";
import type { Model, Profile } from "./models.ts";
import type { Split } from "./split.ts";
import type { Surprise } from "./surprise.ts";

/** One sheet a model, in order. Guests are those whom the server takes for such, and everybody of whom a session is known. */
export function askOffline(
  { protocol, questions, timelines }: Split,
  models: readonly Model[],
  features: FrozenFeatures,
  surprise: Surprise,
): readonly AnswerSheet[] {
  const sheets = models.map(({ name }) => new AnswerSheet(name, questions, surprise));
  const profiles = new Map<string, Omit<Profile, "isGuest">>();
  for (const [index, { target, known }] of questions.entries()) {
    const { userId } = target;
    const whole = profiles.get(userId) ?? wholeProfile(timelines.get(userId) ?? [], features);
    profiles.set(userId, whole);
    const profile: Profile = {
      itemIds: whole.itemIds.slice(0, known),
      slots: whole.slots.subarray(0, known),
      weights: whole.weights.subarray(0, known),
      isGuest: protocol === "session" || isGuest(userId),
    };
    for (const [place, { rank }] of models.entries()) sheets[place]?.note(index, rank(profile));
  }
  return sheets;
}

const wholeProfile = (
  timeline: readonly Pick<Interaction, "itemId" | "signal">[],
  { table }: FrozenFeatures,
): Omit<Profile, "isGuest"> => ({
  itemIds: timeline.map(({ itemId }) => itemId),
  slots: Int32Array.from(timeline, ({ itemId }) => table.intern(itemId)),
  weights: Uint8Array.from(timeline, ({ signal }) => SIGNAL_WEIGHT[signal]),
});
