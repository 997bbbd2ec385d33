/**
 * Filters and boosts of callers: a subset of CEL over one item and the user, compiled once and kept.
 *
 * There is no loop in it: comprehension macros and regular expressions are refused, and a bounded number of nodes is
 * evaluated an item. Number literals are doubles, as the numbers of items are (https://github.com/google/cel-spec).
 */

import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { LRUCache } from "lru-cache";
import { asError } from "../core/errors.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Attributes } from "./ports.ts";

export const EXPRESSION_MAX_BYTES = 1_024;
const MAX_NODES = 100;
const MAX_KEPT = 1_000;
const BOOST_MIN = 0.1;
const BOOST_MAX = 10;

/** What an expression sees of an item; members are null where the catalogue does not know them. */
export interface ItemFacts {
  readonly item_id: string;
  readonly title: string | null;
  readonly price: number | null;
  readonly category: string | null;
  readonly author: string | null;
  readonly tags: readonly string[];
  readonly verified: boolean;
  /** ISO 8601 in UTC, which sorts as text. */
  readonly published_at: string | null;
  readonly attributes: Attributes;
}

export interface UserFacts {
  readonly attributes: Attributes;
}

export const NOBODY: UserFacts = { attributes: {} };

interface Compiled<T> {
  /** As the caller wrote it. */
  readonly text: string;
  /** Whether the user's attributes have to be read. */
  readonly asksUser: boolean;
  /** Members of the item that it looks at. */
  readonly asksItem: readonly (keyof ItemFacts)[];
  /** Never throws. */
  readonly of: (item: ItemFacts, user: UserFacts) => T;
}
/** An item for which the expression raises is left out. */
export type Filter = Compiled<boolean>;
/** A factor from `BOOST_MIN` to `BOOST_MAX`; an item for which the expression raises keeps its score. */
export type Boost = Compiled<number>;

const environment = new Environment({
  limits: {
    maxAstNodes: MAX_NODES,
    maxDepth: 50,
    maxListElements: MAX_NODES,
    maxMapEntries: MAX_NODES,
    maxCallArguments: 8,
  },
})
  .registerVariable("item", "map")
  .registerVariable("user", "map")
  // Sizes are ints, and literals are doubles.
  .registerOperator("int == double", (a: bigint, b: number) => Number(a) === b);
const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};
for (const [sign, of] of Object.entries(arithmetic)) {
  environment.registerOperator(`int ${sign} double`, (a: bigint, b: number) => of(Number(a), b));
  environment.registerOperator(`double ${sign} int`, (a: number, b: bigint) => of(a, Number(b)));
}

/** Macros walk lists or bind names; a regular expression may take for ever. */
const REFUSED = new Set(["has", "all", "exists", "exists_one", "map", "filter", "bind", "matches"]);
const ITEM_MEMBERS: readonly (keyof ItemFacts)[] = [
  "item_id",
  "title",
  "price",
  "category",
  "author",
  "tags",
  "verified",
  "published_at",
  "attributes",
];
const MEMBERS: Readonly<Record<string, ReadonlySet<string>>> = {
  item: new Set(ITEM_MEMBERS),
  user: new Set(["attributes"]),
};

type Program = Pick<Compiled<unknown>, "asksUser" | "asksItem"> & {
  readonly run: (item: ItemFacts, user: UserFacts) => unknown;
};
type Kind = "filter" | "boost";
const kept = new LRUCache<string, Result<Program, string>>({ max: MAX_KEPT });

/** The error reads as the end of a sentence: "must give a boolean". */
export function compileFilter(text: string): Result<Filter, string> {
  const program = compile(text, "filter");
  if (!program.ok) return program;
  const { run, ...asks } = program.value;
  return ok({ text, ...asks, of: (item, user) => attempt(() => run(item, user)) === true });
}

export function compileBoost(text: string): Result<Boost, string> {
  const program = compile(text, "boost");
  if (!program.ok) return program;
  const { run, ...asks } = program.value;
  return ok({ text, ...asks, of: (item, user) => factorOf(attempt(() => run(item, user))) });
}

function factorOf(value: unknown): number {
  const factor = typeof value === "bigint" ? Number(value) : value;
  if (typeof factor !== "number" || Number.isNaN(factor)) return 1;
  return Math.min(BOOST_MAX, Math.max(BOOST_MIN, factor));
}

function attempt(evaluate: () => unknown): unknown {
  try {
    return evaluate();
  } catch {
    return undefined; // The rule for an item that the expression does not fit; each caller has its own value for it.
  }
}

function compile(text: string, kind: Kind): Result<Program, string> {
  const key = `${kind} ${text}`;
  const known = kept.get(key);
  if (known) return known;
  const compiled = compileAnew(text, kind);
  kept.set(key, compiled);
  return compiled;
}

function compileAnew(text: string, kind: Kind): Result<Program, string> {
  if (Buffer.byteLength(text) > EXPRESSION_MAX_BYTES) {
    return err(`must have at most ${EXPRESSION_MAX_BYTES} bytes`);
  }
  try {
    const first = environment.parse(text);
    const found = survey(first.ast);
    if (found.refused !== null) return err(`must not use ${found.refused}`);
    const program = environment.parse(withDoubles(text, found.integers));
    const checked = program.check();
    if (!checked.valid) return err(`must be a valid expression: ${firstLine(checked.error)}`);
    const types = kind === "filter" ? ["bool", "dyn"] : ["double", "int", "dyn"];
    if (!types.includes(checked.type ?? "")) {
      return err(kind === "filter" ? "must give a boolean" : "must give a number");
    }
    const run = (item: ItemFacts, user: UserFacts) => program({ item, user }) as unknown;
    // Held as a whole, any member may be looked at.
    const asksItem = found.itemIds > found.itemHolders ? ITEM_MEMBERS : [...found.itemMembers];
    return ok({ run, asksUser: found.asksUser, asksItem });
  } catch (error) {
    return err(`must be a valid expression: ${firstLine(error)}`);
  }
}

const firstLine = (error: unknown) => asError(error).message.split("\n")[0] ?? "";

interface Findings {
  refused: string | null;
  asksUser: boolean;
  readonly itemMembers: Set<keyof ItemFacts>;
  /** How often the item is named, and how often to take a member of it. */
  itemIds: number;
  itemHolders: number;
  /** Where integer literals stand. */
  readonly integers: { readonly start: number; readonly end: number; readonly value: bigint }[];
}

function survey(root: ASTNode): Findings {
  const findings: Findings = {
    refused: null,
    asksUser: false,
    itemMembers: new Set(),
    itemIds: 0,
    itemHolders: 0,
    integers: [],
  };
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const part = waiting.pop();
    if (Array.isArray(part)) waiting.push(...part);
    else if (isNode(part)) {
      look(part, findings);
      waiting.push(part.args);
    }
  }
  return findings;
}

function look({ op, args, start, end }: ASTNode, findings: Findings): void {
  if (op === "value" && typeof args === "bigint") findings.integers.push({ start, end, value: args });
  if (op === "id" && args === "user") findings.asksUser = true;
  if (op === "id" && args === "item") findings.itemIds++;
  if ((op === "call" || op === "rcall") && REFUSED.has(args[0])) findings.refused = `${args[0]}()`;
  if (op !== ".") return;
  const [holder, member] = args;
  const members = holder.op === "id" ? MEMBERS[holder.args] : undefined;
  if (members && !members.has(member)) findings.refused = `${String(holder.args)}.${member}`;
  if (holder.op !== "id" || holder.args !== "item") return;
  findings.itemHolders++;
  findings.itemMembers.add(member as keyof ItemFacts);
}

const isNode = (part: unknown): part is ASTNode =>
  part !== null && typeof part === "object" && "op" in part && "args" in part;

/** From the last to the first, so that the places before stay where they are. */
function withDoubles(text: string, integers: Findings["integers"]): string {
  return integers
    .toSorted((a, b) => b.start - a.start)
    .reduce(
      (changed, { start, end, value }) => `${changed.slice(0, start)}${value}.0${changed.slice(end)}`,
      text,
    );
}
