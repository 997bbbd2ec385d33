/** The logger as every room sees it. */

export interface Logger {
  debug(fields: object, event: string): void;
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
  /** A logger that adds `fields` to each line. */
  child(fields: object): Logger;
}
