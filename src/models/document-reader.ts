/** Reads members of a policy document, and remembers the first problem. */

export type Members = Readonly<Record<string, unknown>>;

export class DocumentReader {
  problem: string | null = null;

  object(name: string, value: unknown): Members {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Members;
    return this.refuse(`${name} must be an object`, {});
  }

  /** Null where the document does not have it. A misspelt member would silently be a default. */
  part(name: string, value: unknown, known: readonly string[]): Members | null {
    if (value === undefined || value === null) return null;
    const members = this.object(name, value);
    const unknown = Object.keys(members).find((key) => !known.includes(key));
    if (unknown !== undefined) this.refuse(`${name} has no member ${unknown}`, null);
    return members;
  }

  /** Above 0, and at most `max`. */
  positive(name: string, value: unknown, otherwise: number, max: number): number {
    if (value === undefined) return otherwise;
    if (typeof value === "number" && value > 0 && value <= max) return value;
    return this.refuse(`${name} must be a number above 0, at most ${max}`, otherwise);
  }

  share(name: string, value: unknown, otherwise: number): number {
    if (value === undefined) return otherwise;
    if (typeof value === "number" && value >= 0 && value <= 1) return value;
    return this.refuse(`${name} must be a number from 0 to 1`, otherwise);
  }

  whole(name: string, value: unknown, otherwise: number, min: number, max: number): number {
    if (value === undefined) return otherwise;
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number;
    }
    const upTo = max === Number.MAX_SAFE_INTEGER ? "" : ` to ${max}`;
    return this.refuse(`${name} must be a whole number from ${min}${upTo}`, otherwise);
  }

  refuse<T>(problem: string, otherwise: T): T {
    this.problem ??= problem;
    return otherwise;
  }
}
