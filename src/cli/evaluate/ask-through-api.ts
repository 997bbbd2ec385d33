/** Asks a tree whose rules stay as they are while users' profiles grow, several users at a time. */

import { systemClock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import type { Question, Split } from "../../evaluation/split.ts";
import type { Interaction } from "../../events/model.ts";
import { appendToProfile } from "../../stores/postgres/profile-append.ts";
import { askServed, type ServedAsking } from "./ask-served.ts";
import { showProgress } from "./progress.ts";
import type { ServedTree } from "./served-tree.ts";

const USERS_AT_A_TIME = 8;
const APPEND_TIMEOUT_MS = 30_000;

/** Each user's questions come in order, each after all that the user did before it. */
export async function askFrozen(tree: ServedTree, split: Split, asking: ServedAsking): Promise<void> {
  using progress = showProgress(`asking ${asking.policy.name} through the API`, split.questions.length);
  const users = [...Map.groupBy(split.test, ({ userId }) => userId).entries()].values();
  const indexOf = questionIndexes(split);
  const work = async () => {
    for (const [userId, test] of users) {
      const itemIds = (split.timelines.get(userId) ?? []).map(({ itemId }) => itemId);
      for (const interaction of test) {
        const index = indexOf.get(interaction);
        if (index !== undefined) {
          const { known } = split.questions[index] as Question;
          await askServed(asking, index, userId, itemIds.slice(0, known));
          progress.advance(1);
        }
        await appendToProfile(tree.pool, interaction, Deadline.after(APPEND_TIMEOUT_MS, systemClock));
      }
    }
  };
  await Promise.all(Array.from({ length: USERS_AT_A_TIME }, work));
}

export const questionIndexes = ({ questions }: Split): ReadonlyMap<Interaction, number> =>
  new Map(questions.map(({ target }, index) => [target, index]));
