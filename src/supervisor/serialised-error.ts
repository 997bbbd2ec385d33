/** An error as plain data, so that it survives the way between realms. */

import { asError } from "../core/errors.ts";
import { FatalError } from "./actor.ts";

const CAUSES_KEPT = 3;

export interface SerialisedError {
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
  readonly stack: string | null;
  readonly cause: SerialisedError | null;
  /** Set for a FatalError. */
  readonly exitCode: number | null;
}

/** Any thrown value with at most three causes. Never throws. */
export function serialiseError(thrown: unknown, causesLeft = CAUSES_KEPT): SerialisedError {
  const error = asError(thrown);
  const code = "code" in error && error.code !== undefined ? String(error.code) : null;
  const hasCause = error.cause !== undefined && error.cause !== null && causesLeft > 0;
  return {
    name: String(error.name),
    message: String(error.message),
    code,
    stack: typeof error.stack === "string" ? error.stack : null,
    cause: hasCause ? serialiseError(error.cause, causesLeft - 1) : null,
    exitCode: error instanceof FatalError ? error.exitCode : null,
  };
}

/** An Error with that name, message and code; its stack is the one of the realm it was thrown in. */
export function revivedError(serialised: SerialisedError): Error {
  const error = new Error(serialised.message);
  error.name = serialised.name;
  if (serialised.stack !== null) error.stack = serialised.stack;
  if (serialised.code !== null) Object.assign(error, { code: serialised.code });
  if (serialised.cause) error.cause = revivedError(serialised.cause);
  return error;
}
