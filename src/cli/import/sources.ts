/** What the readers of import files have in common: records with their place, and new names for their columns. */

/** The fields of a record, by the names that reco knows. */
export type Fields = Readonly<Record<string, unknown>>;

interface Place {
  /** 1-based line the record begins on. */
  readonly line: number;
  /** Bytes of the file up to the end of the record. */
  readonly bytesRead: number;
}

/** One record of a file: its fields, or the reason why it has none, with what stands there. */
export type SourceRecord = Place &
  (
    | { readonly kind: "fields"; readonly fields: Fields }
    | { readonly kind: "problem"; readonly problem: string; readonly raw: unknown }
  );

/** Name in the file -> name that reco knows. */
export type Renames = ReadonlyMap<string, string>;

/** A file that cannot be read as a whole: no line of it means anything. */
export class SourceError extends Error {
  override name = "SourceError";
}
