/** One way through all hidden items, page by page, kept right by the changes that are heard of on the way. */

import type { Deadline } from "../core/deadline.ts";
import type { VisibilityReader } from "./ports.ts";

const PAGE = 5_000;

export class HiddenRound {
  readonly #found = new Set<string>();
  #after: string | null = null;

  /** Reads the next page; all hidden items after the last one, else null. After a failure the same page is next. */
  async next(reader: VisibilityReader, deadline: Deadline): Promise<Set<string> | null> {
    const page = await reader.hiddenItems(this.#after, PAGE, deadline);
    for (const itemId of page) this.#found.add(itemId);
    this.#after = page.at(-1) ?? null;
    return page.length < PAGE ? this.#found : null;
  }

  note(hidden: readonly string[], shown: readonly string[]): void {
    for (const itemId of hidden) this.#found.add(itemId);
    for (const itemId of shown) this.#found.delete(itemId);
  }
}
