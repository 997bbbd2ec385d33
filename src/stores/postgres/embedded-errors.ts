/** Why the embedded server cannot run here; all but `start_failed` are configuration trouble that a restart cannot mend. */

export type EmbeddedProblem =
  /** No binaries for this platform are installed, or those that the program carries are damaged. */
  | "no_binaries"
  /** The data folder was written by another PostgreSQL major version. */
  | "other_major"
  /** The uid that runs the server cannot enter a folder on the way to its files. */
  | "unreachable_folder"
  /** A live process owns the data folder. */
  | "in_use"
  /** The password file does not open the data folder. */
  | "wrong_password"
  | "start_failed";

export class EmbeddedServerError extends Error {
  override name = "EmbeddedServerError";
  readonly problem: EmbeddedProblem;

  constructor(problem: EmbeddedProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}
