/** The routes of served slates: what was answered, why, why not something else, and the same again. */

import type { ItemId, RequestId } from "../../core/ids.ts";
import { err, type Result } from "../../core/result.ts";
import { nullable, objectField } from "../../events/composite-field.ts";
import { type Field, textField } from "../../events/field.ts";
import { idField } from "../../events/id-field.ts";
import { under } from "../../events/issue.ts";
import { explainSlate, shownSlate } from "../../recommend/slates/explain-slate.ts";
import { replaySlate } from "../../recommend/slates/replay.ts";
import { replayPolicy } from "../../recommend/slates/replay-policy.ts";
import type { StoredSlate } from "../../recommend/slates/slate.ts";
import { whyNot } from "../../recommend/slates/why-not.ts";
import { readJson } from "../body.ts";
import { failure, invalid } from "../errors.ts";
import { pathReader } from "../path-parameters.ts";
import { json } from "../reply.ts";
import type { Call, Failure, Outcome, Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

export const SLATE_PATH = "/slates/:request_id";
export const EXPLAIN_PATH = "/slates/:request_id/explain";
export const WHY_NOT_PATH = "/slates/:request_id/why-not/:item_id";
export const REPLAY_PATH = "/slates/:request_id/replay";

const POLICY_MAX = 128;
export const requestIdField: Field<RequestId> = idField<RequestId>();
const fields = { request_id: requestIdField, item_id: idField<ItemId>() };
const slatePath = pathReader<{ request_id: RequestId }>(SLATE_PATH, fields);
const whyNotPath = pathReader<{ request_id: RequestId; item_id: ItemId }>(WHY_NOT_PATH, fields);
const replayField = objectField({ policy: nullable(textField(POLICY_MAX)) });
export const SLATE_BODIES = { SlateReplayBody: replayField.schema };

const SLATE_NOT_FOUND = failure(404, "not_found", "Slate not found, or older than SLATE_RETENTION_DAYS");
const RUN_NOT_FOUND = failure(404, "not_found", "Run not found");

export function slateHandlers({
  config,
  slates,
  runModels,
}: HttpServices): Record<"get" | "explain" | "whyNot" | "replay", Route["handle"]> {
  const withSlate = async (
    call: Call,
    requestId: string,
    use: (stored: StoredSlate) => Outcome | Promise<Outcome>,
  ): Promise<Outcome> => {
    const stored = await slates.find(requestId, call.deadline);
    return stored === null ? SLATE_NOT_FOUND : use(stored);
  };
  const onSlate = (show: (stored: StoredSlate) => object) => async (call: Call) => {
    const path = slatePath(call.request.url);
    if (!path.ok) return invalid(path.error);
    return withSlate(call, path.value.request_id, (stored) => json(200, show(stored)));
  };
  const readBody = async (call: Call): Promise<Result<{ policy: string | null }, Failure>> => {
    const body = await readJson(call, config.http.maxBodyBytes);
    if (!body.ok) return body;
    const parsed = replayField.read(body.value, null);
    return parsed.ok ? parsed : err(invalid(under(["body"], parsed.error)));
  };
  return {
    get: onSlate(shownSlate),
    explain: onSlate(explainSlate),
    async whyNot(call) {
      const path = whyNotPath(call.request.url);
      if (!path.ok) return invalid(path.error);
      const { request_id, item_id } = path.value;
      return withSlate(call, request_id, async (stored) => {
        const verdict = whyNot(stored, item_id, await slates.standing(item_id, call.deadline));
        if (verdict !== null) return json(200, { request_id, item_id, ...verdict });
        return featuresLost(stored);
      });
    },
    async replay(call) {
      const path = slatePath(call.request.url);
      if (!path.ok) return invalid(path.error);
      const body = await readBody(call);
      if (!body.ok) return body.error;
      const { policy: asked } = body.value;
      return withSlate(call, path.value.request_id, async (stored) => {
        const policy = await replayPolicy(asked, stored.slate, runModels, call.deadline);
        if (!policy.ok) {
          const { kind, runId } = policy.error;
          return kind === "unknown"
            ? RUN_NOT_FOUND
            : failure(409, "conflict", `The model of run ${runId} is not retained`);
        }
        const replay = replaySlate(stored, policy.value);
        return replay.ok ? json(200, replay.value) : cannotReplay(replay.error);
      });
    },
  };
}

const cannotReplay = (problem: string) =>
  failure(409, "conflict", `The slate cannot be replayed: ${problem}`);

const featuresLost = ({ features }: StoredSlate) =>
  failure(
    409,
    "conflict",
    features === "truncated"
      ? "The features of this slate were too large to be kept"
      : "The features of this slate were not kept",
  );
