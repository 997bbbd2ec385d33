/** The words of the document about the routes of catalogue and users. */

import { cursorField } from "../cursor.ts";
import { itemIdField, userIdField } from "../reco-query.ts";
import { ITEMS_DEFAULT_LIMIT, itemsLimitField } from "../routes/catalog.ts";
import type { Described, Operation, Parameter } from "./operation.ts";
import { emptyAnswer, errorAnswer, jsonAnswer, validationError } from "./responses.ts";
import { ref } from "./schema.ts";

const itemId: Parameter = { in: "path", name: "item_id", schema: itemIdField.schema, required: true };
const userId: Parameter = { in: "path", name: "user_id", schema: userIdField.schema, required: true };
const notFound = errorAnswer(404, ["not_found"]);
const badBody: readonly Described[] = [errorAnswer(415, ["unsupported_media_type"]), validationError()];

export const CATALOG_OPERATIONS = {
  put: {
    tag: "catalogue",
    summary: "Store one item",
    description: "Replaces the item as a whole: what is left out is empty afterwards.",
    parameters: [itemId],
    body: "CatalogItemBody",
    answers: [jsonAnswer("Committed.", ref("ItemWritten")), ...badBody],
  },
  bulk: {
    tag: "catalogue",
    summary: "Store up to 1000 items",
    description: "One transaction, all or nothing; of equal ids the last one counts.",
    body: "CatalogItemsBody",
    answers: [jsonAnswer("Committed.", ref("ItemsWritten")), ...badBody],
  },
  get: {
    tag: "catalogue",
    summary: "Read one item",
    parameters: [itemId],
    answers: [jsonAnswer("The item, hidden or not.", ref("CatalogItem")), notFound, validationError()],
  },
  list: {
    tag: "catalogue",
    summary: "List items by id",
    parameters: [
      { in: "query", name: "limit", schema: { ...itemsLimitField.schema, default: ITEMS_DEFAULT_LIMIT } },
      { in: "query", name: "cursor", schema: cursorField.schema, description: "From the page before." },
    ],
    answers: [jsonAnswer("A page, hidden items included.", ref("ItemPage")), validationError()],
  },
  remove: {
    tag: "catalogue",
    summary: "Hide one item",
    description: "It leaves every answer within a second. Storing it again without `hidden` shows it again.",
    parameters: [itemId],
    answers: [emptyAnswer("Hidden, now or before."), notFound, validationError()],
  },
} as const satisfies Record<string, Operation>;

export const USER_OPERATIONS = {
  put: {
    tag: "users",
    summary: "Store one user",
    description: "Replaces the user as a whole: what is left out is empty afterwards.",
    parameters: [userId],
    body: "UserBody",
    answers: [jsonAnswer("Committed.", ref("UserWritten")), ...badBody],
  },
  get: {
    tag: "users",
    summary: "Read one user",
    parameters: [userId],
    answers: [jsonAnswer("The user.", ref("User")), notFound, validationError()],
  },
  merge: {
    tag: "users",
    summary: "Make a guest's events a user's",
    description:
      "Moves events, history and hidden items; features are then as if the user had done it all. A repeat moves " +
      "what came since. 409 when both have more than 50,000 events together, or the guest more than 50,000 watches and " +
      "shown items: nothing was changed then.",
    body: "UserMergeBody",
    answers: [jsonAnswer("Committed.", ref("UsersMerged")), errorAnswer(409, ["conflict"]), ...badBody],
  },
  hide: {
    tag: "users",
    summary: "Keep an item from being recommended to a user",
    parameters: [userId],
    body: "HiddenItemBody",
    answers: [
      jsonAnswer("Hidden from the next answer on.", ref("HiddenItem")),
      errorAnswer(409, ["conflict"]),
      ...badBody,
    ],
  },
  show: {
    tag: "users",
    summary: "Let an item be recommended again",
    parameters: [userId, itemId],
    answers: [emptyAnswer("Not hidden, now or before."), validationError()],
  },
} as const satisfies Record<string, Operation>;
