import { expect, test } from "bun:test";
import fc from "fast-check";
import { aDirectBody, anImpressionBody, aWatchBody } from "../support/events.ts";
import { fakeHttp } from "../support/fakes/http-services.ts";
import { answerChecker, type OpenApiDocument } from "../support/openapi.ts";

const RUNS = 300;
const PATHS = ["/event", "/log/impression", "/log/watch", "/log/batch"];
const VALID: readonly object[] = [
  aDirectBody(),
  anImpressionBody(),
  aWatchBody(),
  { events: [aWatchBody(), anImpressionBody()] },
];

const anyText = fc.string({ unit: "binary" });
const anyJson = fc.jsonValue({ noUnicodeString: false });
/** A valid body with one member replaced by anything, or with one more. */
const almostValid = fc
  .tuple(
    fc.constantFrom(...VALID),
    fc.oneof(
      fc.constantFrom("user_id", "items", "ts", "ts_ms", "context", "events", "event_type", "__proto__"),
      anyText,
    ),
    anyJson,
  )
  .map(([body, name, value]) => JSON.stringify(Object.fromEntries([...Object.entries(body), [name, value]])));
const anyBytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes));
const anyBody = fc.oneof(
  almostValid,
  anyJson.map((value) => JSON.stringify(value)),
  anyText,
  anyBytes,
);

const documentOf = async () => (await (await fakeHttp().get("/openapi.json")).json()) as OpenApiDocument;

test("no body makes a server error or an undocumented answer", async () => {
  const check = answerChecker(await documentOf());
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), anyBody, async (path, body) => {
      const http = fakeHttp();
      const headers = { "Content-Type": "application/json" };
      const response = await http.app.request(path, { method: "POST", body, headers });
      expect([200, 422]).toContain(response.status);
      expect(await check("post", path, response)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

const NAMES = [
  "user_id",
  "session_id",
  "k",
  "exclude",
  "surface",
  "details",
  "x_autolog_impressions",
  "days",
  "capability",
  "filter",
];
const parameter = fc.tuple(
  fc.oneof(fc.constantFrom(...NAMES), anyText),
  fc.oneof(anyText, fc.constantFrom("1", "10", "true", "u-1")),
);
const escaped = (text: string) => encodeURIComponent(text.toWellFormed());
/** Well-formed queries, and ones with raw percent signs and separators. */
const anyQuery = fc.oneof(
  fc
    .array(parameter)
    .map((pairs) => pairs.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join("&")),
  fc
    .array(
      fc.constantFrom("user_id=", "session_id=a", "%", "%f", "%ff", "&", "=", "+", "k=1", ";", "exclude=,,"),
    )
    .map((parts) => parts.join("")),
);

test("no query makes a server error or an undocumented answer", async () => {
  const check = answerChecker(await documentOf());
  const paths = fc.constantFrom(
    "/reco",
    "/recommend",
    "/analytics/baseline",
    "/readyz",
    "/contract",
    "/healthz",
  );
  await fc.assert(
    fc.asyncProperty(paths, anyQuery, async (path, query) => {
      const response = await fakeHttp().get(`${path}?${query}`);
      expect([200, 422]).toContain(response.status);
      expect(await check("get", path, response)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test("no header value of ids, timeout or length makes a server error", async () => {
  const printable = fc.string({ unit: "grapheme-ascii", maxLength: 200 }).map((text) => text.trim());
  const names = fc.constantFrom(
    "X-Request-ID",
    "X-Correlation-ID",
    "X-Request-Timeout-Ms",
    "Content-Length",
    "User-Agent",
    "x-api-key",
  );
  await fc.assert(
    fc.asyncProperty(names, printable, async (name, value) => {
      const response = await fakeHttp().get("/reco?user_id=u&session_id=s", { [name]: value });
      expect([200, 400, 413, 422, 504]).toContain(response.status);
      expect(response.headers.get("X-Request-ID")).toMatch(/^[A-Za-z0-9._:-]{8,128}$/);
    }),
    { numRuns: RUNS },
  );
});

test("an accepted user id reaches the store exactly as it was sent", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }), async (userId) => {
      const http = fakeHttp();
      const response = await http.post("/event", aDirectBody({ user_id: userId }));
      const stored = http.plans[0]?.event.userId;
      expect(response.status === 200 ? String(stored) : userId).toBe(userId);
    }),
    { numRuns: RUNS },
  );
});
