/** Flags that several acceptance tools share, and how their texts become numbers. */

import { InvalidArgumentError, Option } from "commander";
import type { CommandSettings } from "../../config/command-settings.ts";
import { CommandError, EXIT_CONFIG, EXIT_USAGE } from "../exit-codes.ts";

const MAX_COUNT = 10_000_000;
/** A day: timers cannot wait longer than 24 of them. */
const MAX_SEC = 86_400;
/** What may stand in a header as it is. */
const HEADER_TEXT = /^[\x20-\x7e]+$/;

export const count = (flags: string, description: string, fallback: number, min = 1) =>
  new Option(flags, description).default(fallback).argParser((text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= MAX_COUNT) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${MAX_COUNT}.`);
  });

export const seconds = (flags: string, description: string, fallback: number) =>
  new Option(flags, description).default(fallback).argParser((text) => {
    const value = positive(text);
    if (value <= MAX_SEC) return value;
    throw new InvalidArgumentError(`It must be at most ${MAX_SEC} seconds.`);
  });

/** A number above 0. Throws InvalidArgumentError. */
export function positive(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

export const outputJson = () =>
  new Option("--output-json <path>", "write the report to this file as well").default("", "none");

export const baseUrl = (fallback: string) =>
  new Option("--base-url <url>", `the server (default: RECO_BASE_URL, else ${fallback})`);

/** Where the server is and what to show it. Throws CommandError. */
export function serverOf(
  flag: string | undefined,
  settings: Pick<CommandSettings, "baseUrl" | "apiKey">,
  fallback: string,
): { readonly baseUrl: string; readonly apiKey: string | null } {
  const { apiKey } = settings;
  if (apiKey !== null && !HEADER_TEXT.test(apiKey)) {
    throw new CommandError(EXIT_CONFIG, "RECO_API_KEY holds characters that cannot be sent in a header");
  }
  return { baseUrl: checkedUrl(flag ?? settings.baseUrl ?? fallback), apiKey };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new CommandError(EXIT_USAGE, `--base-url: ${JSON.stringify(text)} is not the http URL of a server`);
  }
  // Reports show the URL; a password must not get there.
  if (url.username !== "" || url.password !== "") {
    throw new CommandError(EXIT_USAGE, "--base-url: must not hold a user name or password");
  }
  return url.href.replace(/\/+$/, "");
}
