/** Why a configuration is refused, in words for the operator. */

export interface ConfigProblem {
  readonly kind: "invalid" | "unsupported" | "insecure";
  readonly variable: string;
  /** Never holds a secret's value. */
  readonly message: string;
}

/** A setting that is doubtful but does not stop the start. */
export interface ConfigWarning {
  readonly variable: string;
  readonly detail: string;
}

/** `component` is what would have started: `api`, `outbox-relay`, `feature-consumer` or `monitor`. */
export interface ConfigFailure {
  readonly component: string;
  readonly problems: readonly ConfigProblem[];
}

/** All problems, one a line. A refused production setting puts its fixed line first. */
export function formatConfigFailure({ component, problems }: ConfigFailure): string {
  const insecure = problems.some(({ kind }) => kind === "insecure");
  const headline = insecure
    ? `${component}: insecure DATABASE_URL/POSTGRES_* secret value is not allowed in APP_ENV=production`
    : `${component}: the configuration is not valid`;
  return [headline, ...problems.map(({ variable, message }) => `- ${variable} ${message}`)].join("\n");
}
