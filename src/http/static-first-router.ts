/**
 * Finds routes without parameters by one look-up, and all others by the trie.
 *
 * hono's fastest router refuses a table in which a name and a parameter stand at the same place, as `/users/merge` and
 * `/users/:user_id/…` do, and its fallback walks a tree for every path: 1 µs of every `/reco`.
 */

import type { Result, Router } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";

export class StaticFirstRouter<T> implements Router<T> {
  readonly name = "StaticFirstRouter";
  readonly #found = new Map<string, Map<string, Result<T>>>();
  readonly #trie = new TrieRouter<T>();

  add(method: string, path: string, handler: T): void {
    this.#trie.add(method, path, handler);
    if (/[:*]/.test(path)) return;
    const paths = this.#found.get(method) ?? new Map<string, Result<T>>();
    this.#found.set(method, paths.set(path, [[[handler, {}]]]));
  }

  match(method: string, path: string): Result<T> {
    return this.#found.get(method)?.get(path) ?? this.#trie.match(method, path);
  }
}
