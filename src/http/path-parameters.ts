/** Reads the parameters of a path, each decoded once, with the fields that bodies use too. */

import { err, ok, type Result } from "../core/result.ts";
import type { Field } from "../events/field.ts";
import { type Issue, under, valueError } from "../events/issue.ts";
import { sentPath } from "./path.ts";

/** `template` as in the route table: `/users/:user_id`. The reader takes URLs that the router matched with it. */
export function pathReader<T extends Readonly<Record<string, unknown>>>(
  template: string,
  fields: { readonly [Name in keyof T]: Field<T[Name]> },
): (url: string) => Result<T, readonly Issue[]> {
  const names = template.split("/").map((part) => (part.startsWith(":") ? part.slice(1) : null));
  return (url) => {
    const parts = sentPath(url).split("/");
    const values: Record<string, unknown> = {};
    const issues: Issue[] = [];
    for (const [place, name] of names.entries()) {
      if (name === null) continue;
      const read = readPart(parts[place] ?? "", fields[name] as Field<unknown>);
      if (read.ok) values[name] = read.value;
      else issues.push(...under(["path", name], read.error));
    }
    return issues.length === 0 ? ok(values as T) : err(issues);
  };
}

function readPart(part: string, field: Field<unknown>): Result<unknown, readonly Issue[]> {
  let text: string;
  try {
    text = decodeURIComponent(part);
  } catch {
    // Taken as it stands, two different ids could become one.
    return err([valueError("must be percent-encoded UTF-8", null)]);
  }
  return field.read(text, null);
}
