/** Why the schema cannot be brought, or trusted, to where this build needs it. */

export type MigrationProblem =
  /** Two files have the same number, or a name is not `NNNN_words.sql`, or the list is out of order. */
  | "bad_files"
  /** An applied file was changed later. */
  | "drift"
  /** A file failed; it left nothing behind. */
  | "failed"
  /** The schema is too new for this build. */
  | "schema_too_new"
  /** The number of outbox partitions differs from the installed one. */
  | "outbox_partitions";

export class MigrationError extends Error {
  override name = "MigrationError";
  readonly problem: MigrationProblem;
  /** The file at fault, where there is one. */
  readonly file: string | null;

  constructor(problem: MigrationProblem, file: string | null, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
    this.file = file;
  }
}
