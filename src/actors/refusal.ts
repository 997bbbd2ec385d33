/** Failures of an actor that no restart can mend: they end the tree with the exit code for a bad set-up. */

import { MigrationError } from "../stores/postgres/migration-error.ts";
import { FatalError } from "../supervisor/actor.ts";

const EXIT_CONFIG = 78;

export const refusal = (cause: Error): FatalError => new FatalError(EXIT_CONFIG, cause.message, { cause });

/** A schema that this build must not use, as a refusal; any other failure as it is. */
export const asRefusal = (error: unknown): unknown =>
  error instanceof MigrationError ? refusal(error) : error;
