/** Writes log lines of the documented shape: one compact JSON object, or one text line, an event. */

import { inspect } from "node:util";
import { pino } from "pino";
import type { Clock } from "../core/clock.ts";
import type { LogOutput } from "./log-output.ts";
import { buildLogRecord, type LogRecord } from "./log-record.ts";
import type { Logger, LogLevel } from "./logger.ts";

export interface LoggerOptions {
  readonly format: "json" | "text";
  readonly level: LogLevel;
  readonly environment: string;
  /** `api`, `outbox-relay`, `feature-consumer`, `monitor`, `store`, `writer`, `supervisor`, `cli`. */
  readonly component: string;
  /** Which actor writes, e.g. `http-0`. */
  readonly name: string;
  readonly clock: Clock;
  readonly output: Pick<LogOutput, "write">;
}

interface Writer {
  write(level: LogLevel, record: LogRecord, event: string): void;
  /** `base` and `members` are members of a JSON object as text. */
  writeSerialised(level: LogLevel, base: string, members: string, event: string): void;
}

const SERVICE = "reco";
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export function createLogger(options: LoggerOptions): Logger {
  const writer = options.format === "json" ? jsonWriter(options) : textWriter(options);
  return bind(writer, {
    logger: `${SERVICE}.${options.name}`,
    service: SERVICE,
    environment: options.environment,
    component: options.component,
  });
}

function bind(writer: Writer, base: LogRecord): Logger {
  const at = (level: LogLevel) => (fields: object, event: string) =>
    writer.write(level, { ...base, ...fields }, event);
  const baseMembers = JSON.stringify(base).slice(1, -1);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    serialised: (level, members, event) => writer.writeSerialised(level, baseMembers, members, event),
    child: (fields) => bind(writer, { ...base, ...fields }),
  };
}

function jsonWriter(options: LoggerOptions): Writer {
  const { clock, output } = options;
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: "message",
      timestamp: () => `,${timeMembers(clock)}`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    output,
  );
  return {
    write(level, record, event) {
      if (logger.isLevelEnabled(level)) logger[level](buildLogRecord(record), event);
    },
    writeSerialised(level, base, members, event) {
      if (!logger.isLevelEnabled(level)) return;
      const head = `{"level":"${level.toUpperCase()}",${timeMembers(clock)},${base}`;
      output.write(`${head},${members},"message":${JSON.stringify(event)}}\n`);
    },
  };
}

function timeMembers(clock: Clock): string {
  const now = new Date(clock.nowMs()).toISOString();
  return `"ts":"${now}","timestamp":"${now}"`;
}

function textWriter(options: LoggerOptions): Writer {
  const lowest = LEVELS.indexOf(options.level);
  const isEnabled = (level: LogLevel) => LEVELS.indexOf(level) >= lowest;
  const write: Writer["write"] = (level, fields, event) => {
    if (!isEnabled(level)) return;
    const { logger, service, environment, component, ...record } = buildLogRecord(fields);
    const now = new Date(options.clock.nowMs()).toISOString();
    const members = Object.entries(record).map(([key, value]) => `${key}=${textValue(value)}`);
    const head = `${now} ${level.toUpperCase()} [${component}] ${oneLine(event)}`;
    options.output.write(`${head} ${members.join(" ")}\n`);
  };
  return {
    write,
    writeSerialised(level, base, members, event) {
      if (isEnabled(level)) write(level, JSON.parse(`{${base},${members}}`) as LogRecord, event);
    },
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
