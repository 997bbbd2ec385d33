/** The logger as every room sees it. */

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Logger {
  debug(fields: object, event: string): void;
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
  /**
   * For the line of every request, which is written far more often than all others: `members` are the members of a
   * JSON object as text, without braces, the three ids among them and well formed.
   */
  serialised(level: LogLevel, members: string, event: string): void;
  /** A logger that adds `fields` to each line. */
  child(fields: object): Logger;
}
