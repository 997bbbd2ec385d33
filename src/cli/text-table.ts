/** Lays out text for people on 80 columns. */

const WIDTH = 80;
const GAP = "  ";

/** Rows of equal length with their columns aligned, the first row being the heads. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** `text` after `label`, broken between words; a word longer than a line stays whole. */
export function hangingText(label: string, text: string): string {
  const lines = [label];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? "";
    const isOnlyIndent = line.length <= label.length;
    if (!isOnlyIndent && line.length + 1 + word.length > WIDTH) lines.push(" ".repeat(label.length) + word);
    else lines[lines.length - 1] = isOnlyIndent ? line + word : `${line} ${word}`;
  }
  return lines.join("\n");
}

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** The two greatest units, e.g. `3 h 12 min`. */
export function describeDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const first = UNITS.findIndex(([, size]) => whole >= size);
  if (first === -1) return "0 s";
  const [unit, size] = UNITS[first] ?? ["s", 1];
  const [next, nextSize] = UNITS[first + 1] ?? ["", 1];
  const rest = Math.floor((whole % size) / nextSize);
  const head = `${Math.floor(whole / size)} ${unit}`;
  return rest > 0 && next !== "" ? `${head} ${rest} ${next}` : head;
}
