/** Reads members of parsed JSON whose shape nobody has promised. */

/** The value at `path`, or undefined. */
export function memberAt(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (found === null || typeof found !== "object" || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/** The number at `path`, or null. */
export function numberAt(value: unknown, ...path: readonly string[]): number | null {
  const found = memberAt(value, ...path);
  return typeof found === "number" && Number.isFinite(found) ? found : null;
}

/** The object at `path`, or null. */
export function objectAt(
  value: unknown,
  ...path: readonly string[]
): Readonly<Record<string, unknown>> | null {
  const found = memberAt(value, ...path);
  if (found === null || typeof found !== "object" || Array.isArray(found)) return null;
  return found as Record<string, unknown>;
}
