/** Reads the bodies of the catalogue routes, and documents what they take. */

import type { ItemId, UserId } from "../core/ids.ts";
import { err, ok } from "../core/result.ts";
import { listField, nullable, objectField, refined, required } from "../events/composite-field.ts";
import {
  boolField,
  type Field,
  floatField,
  type JsonSchema,
  type Parsed,
  textField,
} from "../events/field.ts";
import { idField } from "../events/id-field.ts";
import { refuse, under, valueError } from "../events/issue.ts";
import { type Attributes, parseAttributes } from "./attributes.ts";
import {
  type CatalogItem,
  INSTANT_TEXT,
  MAX_TAGS,
  readInstantMs,
  TEXT_MAX_LENGTH,
  tagsProblem,
} from "./item.ts";
import type { UserRecord } from "./user.ts";

const BULK_MAX_ITEMS = 1_000;
const EMAIL_MAX_LENGTH = 320;
const EMAIL = /^[^\s@]+@[^\s@]+$/;

/** A date, or a time with its zone (ISO 8601), as ms since 1970. */
const instantField: Field<number> = {
  schema: { type: "string", pattern: INSTANT_TEXT.source },
  read(input) {
    const instantMs = readInstantMs(input);
    if (instantMs !== null) return ok(instantMs);
    return refuse(valueError("must be a date, or a time with its zone (ISO 8601)", input));
  },
};

const attributesField: Field<Attributes> = {
  schema: { type: "object" },
  read(input) {
    const parsed = parseAttributes(input);
    return parsed.ok ? parsed : refuse(valueError(parsed.error, input));
  },
};

const text = () => nullable(textField(TEXT_MAX_LENGTH));
const itemShape = {
  title: text(),
  price: nullable(floatField({ min: 0 })),
  cover_image: text(),
  category: text(),
  author: text(),
  tags: nullable(refined(listField(textField(TEXT_MAX_LENGTH), { min: 0, max: MAX_TAGS }), checkTags)),
  verified: nullable(boolField),
  published_at: nullable(instantField),
  hidden: nullable(boolField),
  attributes: nullable(attributesField),
};
const itemField = objectField(itemShape);
const bulkField = objectField({
  items: required(
    listField(objectField({ item_id: required(idField<ItemId>()), ...itemShape }), {
      min: 1,
      max: BULK_MAX_ITEMS,
    }),
  ),
});
const userField = objectField({
  email: nullable(refined(textField(EMAIL_MAX_LENGTH), checkEmail)),
  email_verified: nullable(boolField),
  attributes: nullable(attributesField),
});
const mergeField = objectField({
  from_user_id: required(idField<UserId>()),
  to_user_id: required(idField<UserId>()),
});
const hiddenItemField = objectField({
  item_id: required(idField<ItemId>()),
  until: nullable(instantField),
});

type ValueOf<F> = F extends Field<infer T> ? T : never;

/** Body of PUT /catalog/items/{item_id}: what is left out is empty afterwards. */
export function parseItemBody(itemId: ItemId, body: unknown): Parsed<CatalogItem> {
  const parsed = inBody(itemField, body);
  return parsed.ok ? ok(toItem(itemId, parsed.value)) : parsed;
}

/** Body of POST /catalog/items. */
export function parseItemsBody(body: unknown): Parsed<readonly CatalogItem[]> {
  const parsed = inBody(bulkField, body);
  return parsed.ok ? ok(parsed.value.items.map((item) => toItem(item.item_id, item))) : parsed;
}

/** Body of PUT /users/{user_id}: what is left out is empty afterwards. */
export function parseUserBody(userId: UserId, body: unknown): Parsed<UserRecord> {
  const parsed = inBody(userField, body);
  if (!parsed.ok) return parsed;
  const { email, email_verified, attributes } = parsed.value;
  return ok({ userId, email, emailVerified: email_verified ?? false, attributes: attributes ?? {} });
}

/** Body of POST /users/merge. */
export function parseMergeBody(body: unknown): Parsed<{ readonly from: UserId; readonly to: UserId }> {
  const parsed = inBody(mergeField, body);
  if (!parsed.ok) return parsed;
  const { from_user_id: from, to_user_id: to } = parsed.value;
  if (from !== to) return ok({ from, to });
  return err(under(["body", "to_user_id"], [valueError("must be another user than from_user_id", to)]));
}

/** Body of POST /users/{user_id}/hidden-items. */
export function parseHiddenItemBody(
  body: unknown,
  nowMs: number,
): Parsed<{ readonly itemId: ItemId; readonly untilMs: number | null }> {
  const parsed = inBody(hiddenItemField, body);
  if (!parsed.ok) return parsed;
  const { item_id: itemId, until: untilMs } = parsed.value;
  if (untilMs === null || untilMs > nowMs) return ok({ itemId, untilMs });
  return err(
    under(["body", "until"], [valueError("must lie in the future", new Date(untilMs).toISOString())]),
  );
}

/** JSON Schema of each body, by the name it has in the OpenAPI document. */
export const CATALOG_BODIES: Readonly<Record<string, JsonSchema>> = {
  CatalogItemBody: itemField.schema,
  CatalogItemsBody: bulkField.schema,
  UserBody: userField.schema,
  UserMergeBody: mergeField.schema,
  HiddenItemBody: hiddenItemField.schema,
};

function inBody<T>(field: Field<T>, body: unknown): Parsed<T> {
  const parsed = field.read(body, null);
  return parsed.ok ? parsed : err(under(["body"], parsed.error));
}

function toItem(itemId: ItemId, fields: ValueOf<typeof itemField>): CatalogItem {
  return {
    itemId,
    title: fields.title,
    price: fields.price,
    coverImage: fields.cover_image,
    category: fields.category,
    author: fields.author,
    tags: fields.tags ?? [],
    verified: fields.verified ?? false,
    publishedAtMs: fields.published_at,
    hidden: fields.hidden ?? false,
    attributes: fields.attributes ?? {},
  };
}

function checkTags(tags: readonly string[]): Parsed<readonly string[]> {
  const problem = tagsProblem(tags);
  return problem === null ? ok(tags) : refuse(valueError(problem, null));
}

function checkEmail(email: string): Parsed<string> {
  return EMAIL.test(email) ? ok(email) : refuse(valueError("must be an e-mail address", email));
}
