/** The cells of one CSV record, read line by line until all its quotes are closed. */

const QUOTE = '"';

export class CsvRecord {
  /** Line it begins on, 0 before its first one. */
  line = 0;
  /** All its lines. */
  text = "";
  /** True while a quoted cell goes on with the next line. */
  isOpen = false;
  readonly cells: string[] = [];
  #cell = "";

  begin(line: number): void {
    if (this.line === 0) this.line = line;
  }

  /** Adds a line, which may still end with a carriage return. Answers what is wrong with the record, or null. */
  add(text: string, line: number): string | null {
    this.begin(line);
    this.text += this.isOpen ? `\n${text}` : text;
    if (this.isOpen) this.#cell += "\n";
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    for (let at = 0; at <= end; at++) {
      const quoted = this.isOpen || text[at] === QUOTE;
      const next = quoted ? this.#quoted(text, at) : this.#plain(text, at, end);
      if (next === null) return null;
      if (next < end && text[next] !== ",") return "text behind a quoted cell";
      if (!quoted && this.#cell.includes(QUOTE)) return "a quote inside a cell that is not quoted";
      this.cells.push(this.#cell);
      this.#cell = "";
      at = next;
    }
    return null;
  }

  /** Position behind the cell. */
  #plain(text: string, from: number, end: number): number {
    const comma = text.indexOf(",", from);
    const next = comma === -1 ? end : comma;
    this.#cell = text.slice(from, next);
    return next;
  }

  /** Position behind the closing quote; null when the cell goes on with the next line. */
  #quoted(text: string, from: number): number | null {
    let at = this.isOpen ? from : from + 1;
    this.isOpen = true;
    while (true) {
      const quote = text.indexOf(QUOTE, at);
      if (quote === -1) {
        this.#cell += text.slice(at);
        return null;
      }
      this.#cell += text.slice(at, quote);
      if (text[quote + 1] !== QUOTE) {
        this.isOpen = false;
        return quote + 1;
      }
      this.#cell += QUOTE;
      at = quote + 2;
    }
  }
}
