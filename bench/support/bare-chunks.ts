/** What events change in the features, worked out before the clock starts: columns for bare multi-row upserts. */

import type { Sql } from "postgres";
import { popularityDeltas } from "../../src/events/fold.ts";
import { decayedScores } from "../../src/events/fold-decay.ts";
import { byKey } from "../../src/events/fold-order.ts";
import { RULE_STEPS, ruleDeltas, type StoredEvent } from "../../src/events/fold-rules.ts";
import { transitionDeltas } from "../../src/events/fold-transitions.ts";
import { effectiveInteraction } from "../../src/events/interaction.ts";
import type { Interaction, LogEvent } from "../../src/events/model.ts";
import { streamEventId } from "../../src/events/stream-event.ts";
import { numberArray, textArray } from "../../src/stores/postgres/array-literal.ts";

const HALF_LIFE_HOURS = 8_760;
const HISTORY_SIZE = 20;
const POSITIONS = 20;

/** Columns of one chunk, each an array literal, by table. */
export type BareChunk = Readonly<
  Record<
    | "markers"
    | "events"
    | "history"
    | "surplus"
    | "transitions"
    | "rules"
    | "decay"
    | "popularity"
    | "exposure",
    readonly string[]
  >
>;

interface Known {
  /** The newest `RULE_STEPS`. */
  events: StoredEvent[];
  lastPos: number;
  historyRows: number;
}

/** Walks the events as the stream would, from what the store holds now. */
export async function bareChunks(
  sql: Sql,
  events: readonly LogEvent[],
  chunkSize: number,
): Promise<readonly BareChunk[]> {
  const users = await knownUsers(sql);
  const chunks: BareChunk[] = [];
  for (let at = 0; at < events.length; at += chunkSize) {
    chunks.push(chunkOf(users, events.slice(at, at + chunkSize)));
  }
  return chunks;
}

async function knownUsers(sql: Sql): Promise<Map<string, Known>> {
  const users = new Map<string, Known>();
  const rows = await sql<{ user_id: string; rows: number; pos: number; events: StoredEvent[] }[]>`
    select h.user_id, count(*)::int as rows, max(h.pos)::int as pos, (
      select json_agg(json_build_object('id', e.id, 'itemId', e.item_id, 'tsMs', extract(epoch from e.ts) * 1000))
      from (select * from events where user_id = h.user_id order by ts desc, id desc limit ${RULE_STEPS}) as e
    ) as events
    from user_history h group by h.user_id`;
  for (const row of rows)
    users.set(row.user_id, { events: row.events, lastPos: row.pos, historyRows: row.rows });
  return users;
}

function chunkOf(users: Map<string, Known>, events: readonly LogEvent[]): BareChunk {
  const interactions = events.flatMap((event) =>
    event.kind === "watch" ? [effectiveInteraction(event, event.serverReceivedTsMs)] : [],
  );
  const placed = interactions.map((interaction) => {
    const around = users.get(interaction.userId)?.events ?? [];
    return { interaction, around, previous: newestOf(around), next: null };
  });
  const { history, surplus } = historyOf(users, interactions);
  const transitions = transitionDeltas(placed);
  const rules = ruleDeltas(placed);
  const popularity = popularityDeltas(interactions);
  const decay = [...decayedScores(interactions, HALF_LIFE_HOURS)].sort(byKey);
  const markers = events.map(streamEventId).sort();
  return {
    markers: [textArray(markers)],
    events: [
      textArray(interactions.map(({ eventId }) => eventId)),
      textArray(interactions.map(({ userId }) => userId)),
      textArray(interactions.map(({ itemId }) => itemId)),
      textArray(interactions.map(({ signal }) => signal)),
      numberArray(interactions.map(({ tsMs }) => tsMs)),
    ],
    history,
    surplus,
    transitions: [
      textArray(transitions.map(({ previousItemId }) => previousItemId)),
      textArray(transitions.map(({ nextItemId }) => nextItemId)),
      numberArray(transitions.map(({ delta }) => delta)),
    ],
    rules: [
      textArray(rules.map(({ previousItemId }) => previousItemId)),
      textArray(rules.map(({ nextItemId }) => nextItemId)),
      numberArray(rules.map(({ units }) => units / 60)),
      numberArray(rules.map(({ count }) => count)),
    ],
    decay: [textArray(decay.map(([itemId]) => itemId)), numberArray(decay.map(([, score]) => score))],
    popularity: [
      textArray(popularity.map(({ itemId }) => itemId)),
      numberArray(popularity.map(({ delta }) => delta)),
    ],
    exposure: exposureOf(events),
  };
}

const newestOf = (events: readonly StoredEvent[]) =>
  events.reduce<StoredEvent | null>(
    (newest, event) => (newest && newest.tsMs > event.tsMs ? newest : event),
    null,
  );

let nextId = 2 ** 40;

function historyOf(users: Map<string, Known>, interactions: readonly Interaction[]) {
  const added: (readonly [string, number, string, number])[] = [];
  const surplus: (readonly [string, number])[] = [];
  for (const { userId, itemId, tsMs } of interactions) {
    const known = users.get(userId) ?? { events: [], lastPos: 0, historyRows: 0 };
    users.set(userId, known);
    known.events = [{ id: nextId++, itemId, tsMs }, ...known.events].slice(0, RULE_STEPS);
    added.push([userId, ++known.lastPos, itemId, tsMs]);
    if (++known.historyRows <= HISTORY_SIZE) continue;
    surplus.push([userId, known.lastPos - HISTORY_SIZE]);
    known.historyRows--;
  }
  return {
    history: [
      textArray(added.map(([userId]) => userId)),
      numberArray(added.map(([, pos]) => pos)),
      textArray(added.map(([, , itemId]) => itemId)),
      numberArray(added.map(([, , , tsMs]) => tsMs)),
    ],
    surplus: [textArray(surplus.map(([userId]) => userId)), numberArray(surplus.map(([, pos]) => pos))],
  };
}

function exposureOf(events: readonly LogEvent[]): readonly string[] {
  const sums = new Map<string, number[]>();
  for (const event of events) {
    for (const { itemId, position } of event.kind === "impression" ? event.items : []) {
      const counts = sums.get(itemId) ?? new Array<number>(POSITIONS).fill(0);
      sums.set(itemId, counts);
      counts[position] = (counts[position] ?? 0) + 1;
    }
  }
  const sorted = [...sums].sort(byKey);
  return [
    textArray(sorted.map(([itemId]) => itemId)),
    numberArray(sorted.map(([, counts]) => counts.reduce((sum, count) => sum + count, 0))),
    textArray(sorted.map(([, counts]) => numberArray(counts))),
  ];
}
