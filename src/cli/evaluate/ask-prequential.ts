/** Asks a tree that learns from each event before the next one comes: all users in one order of time. */

import type { Question, Split } from "../../evaluation/split.ts";
import type { Interaction } from "../../events/model.ts";
import { askServed, type ServedAsking } from "./ask-served.ts";
import { questionIndexes } from "./ask-through-api.ts";
import { patiently } from "./patience.ts";
import { showProgress } from "./progress.ts";

/** The API takes smaller numbers for seconds. */
const MS_FROM = 1e12;

export async function askPrequential(split: Split, asking: ServedAsking): Promise<void> {
  using progress = showProgress(`asking ${asking.policy.name} while it learns`, split.test.length);
  const indexOf = questionIndexes(split);
  for (const [place, interaction] of split.test.entries()) {
    const index = indexOf.get(interaction);
    if (index !== undefined) {
      const { target, known } = split.questions[index] as Question;
      const timeline = split.timelines.get(target.userId) ?? [];
      const itemIds = timeline.slice(0, known).map(({ itemId }) => itemId);
      await askServed(asking, index, target.userId, itemIds);
    }
    await post(asking, place, interaction);
    progress.advance(1);
  }
}

/** A watch is told by the signal that it was, under an id of its own: that of a watch may be too long. */
async function post({ http, signal }: ServedAsking, place: number, taken: Interaction): Promise<void> {
  const { userId, itemId, tsMs } = taken;
  const ts = tsMs < MS_FROM ? Math.floor(tsMs / 1000) : tsMs;
  const event_id = `evaluation-${place}`;
  const event = { event_id, user_id: userId, item_id: itemId, event_type: taken.signal, ts };
  await patiently(signal, async () => {
    const { status, body } = await http.post("/event", event);
    return status === 200 ? null : `/event answered ${status}: ${body.slice(0, 500)}`;
  });
}
