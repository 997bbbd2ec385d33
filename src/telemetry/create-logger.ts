/** Writes log lines of the documented shape: one compact JSON object, or one text line, an event. */

import { inspect } from "node:util";
import { pino } from "pino";
import type { Clock } from "../core/clock.ts";
import type { LogOutput } from "./log-output.ts";
import { buildLogRecord, type LogRecord } from "./log-record.ts";
import type { Logger } from "./logger.ts";

type Level = "debug" | "info" | "warn" | "error";

export interface LoggerOptions {
  readonly format: "json" | "text";
  readonly level: Level;
  readonly environment: string;
  /** `api`, `outbox-relay`, `feature-consumer`, `monitor`, `store`, `writer`, `supervisor`, `cli`. */
  readonly component: string;
  /** Which actor writes, e.g. `http-0`. */
  readonly name: string;
  readonly clock: Clock;
  readonly output: Pick<LogOutput, "write">;
}

type Write = (level: Level, record: LogRecord, event: string) => void;

const SERVICE = "reco";

export function createLogger(options: LoggerOptions): Logger {
  const write = options.format === "json" ? jsonWriter(options) : textWriter(options);
  return bind(write, {
    logger: `${SERVICE}.${options.name}`,
    service: SERVICE,
    environment: options.environment,
    component: options.component,
  });
}

function bind(write: Write, base: LogRecord): Logger {
  const at = (level: Level) => (fields: object, event: string) => write(level, { ...base, ...fields }, event);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => bind(write, { ...base, ...fields }),
  };
}

function jsonWriter(options: LoggerOptions): Write {
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: "message",
      timestamp: () => {
        const now = new Date(options.clock.nowMs()).toISOString();
        return `,"ts":"${now}","timestamp":"${now}"`;
      },
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    options.output,
  );
  return (level, record, event) => {
    if (logger.isLevelEnabled(level)) logger[level](buildLogRecord(record), event);
  };
}

function textWriter(options: LoggerOptions): Write {
  const levels: readonly Level[] = ["debug", "info", "warn", "error"];
  const lowest = levels.indexOf(options.level);
  return (level, fields, event) => {
    if (levels.indexOf(level) < lowest) return;
    const { logger, service, environment, component, ...record } = buildLogRecord(fields);
    const now = new Date(options.clock.nowMs()).toISOString();
    const members = Object.entries(record).map(([key, value]) => `${key}=${textValue(value)}`);
    const head = `${now} ${level.toUpperCase()} [${component}] ${oneLine(event)}`;
    options.output.write(`${head} ${members.join(" ")}\n`);
  };
}

const PLAIN_WORD = /^[\w.:/-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is the point.
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

const oneLine = (text: string): string => text.replace(CONTROL_CHARACTERS, " ");

/** Plain words as they are, other text quoted, objects bounded in depth and length. */
function textValue(value: unknown): string {
  if (typeof value !== "string") return oneLine(inspect(value, { breakLength: Number.POSITIVE_INFINITY }));
  return PLAIN_WORD.test(value) ? value : oneLine(JSON.stringify(value));
}
