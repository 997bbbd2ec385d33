/** The routes of users: accounts, guests that become accounts, and what somebody does not want to see. */

import { parseHiddenItemBody, parseMergeBody, parseUserBody } from "../../catalog/item-fields.ts";
import { MERGE_MAX_EVENTS, type StoredUser } from "../../catalog/ports.ts";
import { HIDDEN_ITEMS_MAX } from "../../catalog/user.ts";
import type { ItemId, UserId } from "../../core/ids.ts";
import type { Result } from "../../core/result.ts";
import type { Parsed } from "../../events/field.ts";
import { idField } from "../../events/id-field.ts";
import { readJson } from "../body.ts";
import { failure, invalid } from "../errors.ts";
import { pathReader } from "../path-parameters.ts";
import { instant, json, NO_CONTENT } from "../reply.ts";
import type { Call, Failure, Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

export const USER_PATH = "/users/:user_id";
export const HIDDEN_ITEMS_PATH = "/users/:user_id/hidden-items";
export const HIDDEN_ITEM_PATH = "/users/:user_id/hidden-items/:item_id";

const USER_NOT_FOUND = failure(404, "not_found", "User not found");
const TOO_MANY_HIDDEN = failure(409, "conflict", `The user hides ${HIDDEN_ITEMS_MAX} items already`);
const TOO_MANY_EVENTS = failure(
  409,
  "conflict",
  `The users have more than ${MERGE_MAX_EVENTS} events together, or the guest more watches and shown items`,
);
/** Who changed something, as the audit log calls callers of the API. */
const ACTOR = "api";

const ids = { user_id: idField<UserId>(), item_id: idField<ItemId>() };
const userPath = pathReader<{ user_id: UserId }>(USER_PATH, ids);
const hiddenItemPath = pathReader<{ user_id: UserId; item_id: ItemId }>(HIDDEN_ITEM_PATH, ids);

type Handle = Route["handle"];

export function userHandlers({
  config,
  clock,
  users,
}: HttpServices): Record<"put" | "get" | "merge" | "hide" | "show", Handle> {
  const read = async <T>(call: Call, parse: (body: unknown) => Parsed<T>): Promise<Result<T, Failure>> => {
    const body = await readJson(call, config.http.maxBodyBytes);
    if (!body.ok) return body;
    const parsed = parse(body.value);
    return parsed.ok ? parsed : { ok: false, error: invalid(parsed.error) };
  };
  return {
    async put(call) {
      const path = userPath(call.request.url);
      if (!path.ok) return invalid(path.error);
      const { user_id } = path.value;
      call.userId = user_id;
      const user = await read(call, (body) => parseUserBody(user_id, body));
      if (!user.ok) return user.error;
      return json(200, { user_id, status: await users.put(user.value, call.deadline) });
    },
    async get(call) {
      const path = userPath(call.request.url);
      if (!path.ok) return invalid(path.error);
      call.userId = path.value.user_id;
      const user = await users.get(path.value.user_id, call.deadline);
      return user === null ? USER_NOT_FOUND : json(200, shown(user));
    },
    async merge(call) {
      const merge = await read(call, parseMergeBody);
      if (!merge.ok) return merge.error;
      const { from, to } = merge.value;
      call.userId = to;
      const outcome = await users.merge(from, to, ACTOR, call.deadline);
      if (outcome.kind === "too_many") return TOO_MANY_EVENTS;
      const { events, hiddenItems } = outcome.moved;
      return json(200, {
        from_user_id: from,
        to_user_id: to,
        moved_events: events,
        moved_hidden_items: hiddenItems,
      });
    },
    async hide(call) {
      const path = userPath(call.request.url);
      if (!path.ok) return invalid(path.error);
      const { user_id: userId } = path.value;
      call.userId = userId;
      const hidden = await read(call, (body) => parseHiddenItemBody(body, clock.nowMs()));
      if (!hidden.ok) return hidden.error;
      const { itemId, untilMs } = hidden.value;
      const outcome = await users.hideItem({ userId, itemId, untilMs }, call.deadline);
      if (outcome === "full") return TOO_MANY_HIDDEN;
      const until = untilMs === null ? null : instant(untilMs);
      return json(200, { user_id: userId, item_id: itemId, until });
    },
    async show(call) {
      const path = hiddenItemPath(call.request.url);
      if (!path.ok) return invalid(path.error);
      call.userId = path.value.user_id;
      await users.showItem(path.value.user_id, path.value.item_id, call.deadline);
      return NO_CONTENT;
    },
  };
}

const shown = (user: StoredUser): object => ({
  user_id: user.userId,
  email: user.email,
  email_verified: user.emailVerified,
  attributes: user.attributes,
  created_at: instant(user.createdAtMs),
  updated_at: instant(user.updatedAtMs),
});
