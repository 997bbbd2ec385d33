/** The rules' reducer with one thought left out at a time: the law that the real one keeps must catch it. */

import { expect, test } from "bun:test";
import { ruleDeltas } from "../../src/events/fold-rules.ts";
import { checkRulesFollowEventTime, type RuleReducer } from "../support/fold-tables.ts";

/** Takes every event for the newest of its user. */
const lateEventsIgnored: RuleReducer = (placed) =>
  ruleDeltas(
    placed.map(({ interaction, around }) => ({
      interaction,
      around: around.filter(({ tsMs }) => tsMs <= interaction.tsMs),
    })),
  );

/** Does not see that events of one chunk stand in each other's way. */
const oneByOne: RuleReducer = (placed) => placed.flatMap((each) => ruleDeltas([each]));

/** Looks one event less far than rules reach. */
const shortSighted: RuleReducer = (placed) =>
  ruleDeltas(placed.map(({ interaction, around }) => ({ interaction, around: around.slice(1) })));

/** Takes stored events of the same time in the order in which they were read. */
const tiesAsRead: RuleReducer = (placed) =>
  ruleDeltas(
    placed.map(({ interaction, around }) => ({
      interaction,
      around: around.map((event) => ({ ...event, id: -event.id })),
    })),
  );

test("the real reducer passes", () => checkRulesFollowEventTime(ruleDeltas));

test.each([
  ["late events that correct nothing", lateEventsIgnored],
  ["events of a chunk that do not see each other", oneByOne],
  ["a window that is one event too short", shortSighted],
  ["ties out of the order of arrival", tiesAsRead],
])("%s are caught", (_, mutant) => {
  expect(() => checkRulesFollowEventTime(mutant)).toThrow("Property failed");
});
