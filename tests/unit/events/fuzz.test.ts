import { expect, test } from "bun:test";
import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { bodyHash } from "../../../src/events/body-hash.ts";
import { openApiSchemas } from "../../../src/events/schemas.ts";
import { parseStreamEvent } from "../../../src/events/stream-event.ts";
import { aContext, anImpressionBody, aWatchBody, BODIES, type EventRoute, PARSERS } from "./bodies.ts";

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
const SCHEMAS = openApiSchemas(aContext().limits);
const conforms = {
  direct: ajv.compile(SCHEMAS.DirectEvent),
  watch: ajv.compile(SCHEMAS.WatchEvent),
  impression: ajv.compile(SCHEMAS.ImpressionEvent),
  batch: ajv.compile(SCHEMAS.EventBatch),
};

const route = fc.constantFrom<EventRoute>("direct", "watch", "impression");
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(0, -1, 1, 80.5, "1", "1.5", "true", "YES", null, "watch", "u\ud800", "event-id-1"),
  fc.constantFrom<unknown>(
    { device: "tv" },
    [{ item_id: 1, position: 0 }],
    1767225600,
    "1767225600000",
    true,
  ),
);

/** A valid body in which up to three members were replaced, added or removed. */
const nearlyValid = route.chain((name) => {
  const known = Object.keys({ ...aWatchBody(), ...anImpressionBody(), ...BODIES.direct });
  const optional = ["event_id", "context", "ended", "percent_watched", "playback_speed", "rebuffer_count"];
  const key = fc.oneof(fc.constantFrom(...known, ...optional), fc.constantFrom("__proto__", "toString", "x"));
  const change = fc.tuple(key, fc.option(value, { nil: undefined }));
  return fc.array(change, { maxLength: 3 }).map((changes) => {
    const members = new Map<string, unknown>(Object.entries(BODIES[name]));
    for (const [changedKey, replacement] of changes) {
      if (replacement === undefined) members.delete(changedKey);
      else members.set(changedKey, replacement);
    }
    return { name, body: Object.fromEntries(members) as unknown };
  });
});

test("no JSON makes a parser throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        nearlyValid.map(({ body }) => body),
      ),
      (body) => {
        for (const parse of Object.values(PARSERS)) {
          for (const given of [body, { events: body }, { events: [body] }]) {
            const parsed = parse(given, aContext());
            expect(parsed.ok || parsed.error.every(({ loc }) => loc[0] === "body")).toBe(true);
          }
        }
        expect(typeof parseStreamEvent("watch", body).ok).toBe("boolean");
        expect(typeof parseStreamEvent("impression", body).ok).toBe("boolean");
      },
    ),
  );
});

test("every accepted body is inside its documented schema and has a hash", () => {
  fc.assert(
    fc.property(nearlyValid, ({ name, body }) => {
      const parsed = PARSERS[name](body, aContext());
      fc.pre(parsed.ok);
      expect(conforms[name](body)).toBe(true);
      expect(bodyHash(parsed.value)).toHaveLength(32);
    }),
  );
});

test("every body outside its documented schema is refused", () => {
  fc.assert(
    fc.property(nearlyValid, ({ name, body }) => {
      fc.pre(!conforms[name](body));
      expect(PARSERS[name](body, aContext()).ok).toBe(false);
    }),
  );
});

test("the documented batch takes both kinds of members", () => {
  expect(conforms.batch({ events: [aWatchBody(), anImpressionBody()] })).toBe(true);
  expect(conforms.batch({ events: [BODIES.direct] })).toBe(false);
});
