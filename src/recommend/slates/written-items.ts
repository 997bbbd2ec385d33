/** Items of a slate as JSON in columns: half the text of a row an item, and half the work of whoever stores it. */

import type { RankedList, RecoSource, SourceName } from "../ranked-list.ts";
import type { Exploration } from "../slate.ts";
import type { SlateItem } from "./slate.ts";

/** In the order shown; as `items` of a stored slate. */
interface ItemColumns {
  readonly id: readonly string[];
  readonly score: readonly number[];
  readonly propensity: readonly number[];
  /** Those that gave any item anything, in the order of the list; a number for each item. */
  readonly sources: readonly { readonly name: SourceName; readonly scores: readonly number[] }[];
  /** Places that exploration drew. */
  readonly explored: readonly number[];
}

/** Before there were columns. */
interface ItemRow {
  readonly id: string;
  readonly score: number;
  readonly propensity: number;
  readonly sources: readonly RecoSource[];
  readonly explored?: true;
}

export type WrittenItems = ItemColumns | readonly ItemRow[];

type Shown = Pick<RankedList, "itemIds" | "scores" | "sources" | "sourceScores">;

export function writeItems(
  { itemIds, scores, sources, sourceScores }: Shown,
  exploration: Pick<Exploration, "propensities" | "drawn"> | null,
): string {
  const columns: ItemColumns = {
    id: itemIds,
    score: Array.from(scores),
    propensity: exploration === null ? itemIds.map(() => 1) : Array.from(exploration.propensities),
    sources: sources
      .map((name, column) => ({
        name,
        scores: itemIds.map((_, place) => sourceScores[place * sources.length + column] as number),
      }))
      .filter(({ scores: given }) => given.some((score) => score > 0)),
    explored: exploration?.drawn ?? [],
  };
  return JSON.stringify(columns);
}

export function readItems(written: WrittenItems): SlateItem[] {
  return isRows(written) ? written.map(fromRow) : fromColumns(written);
}

const isRows = (written: WrittenItems): written is readonly ItemRow[] => Array.isArray(written);

const fromRow = ({ id, score, propensity, sources, explored }: ItemRow): SlateItem => ({
  itemId: id,
  score,
  propensity,
  sources,
  isExplored: explored ?? false,
});

function fromColumns({ id, score, propensity, sources, explored }: ItemColumns): SlateItem[] {
  const drawn = new Set(explored);
  return id.map((itemId, place) => ({
    itemId,
    score: score[place] as number,
    propensity: propensity[place] as number,
    sources: sources
      .map(({ name, scores }) => ({ name, score: scores[place] as number }))
      .filter(({ score: given }) => given > 0),
    isExplored: drawn.has(place),
  }));
}
