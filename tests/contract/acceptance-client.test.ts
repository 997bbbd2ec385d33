/** What the acceptance tools make of servers that answer wrongly, late or not at all. */

import { describe, expect, test } from "bun:test";
import { ApiClient } from "../../src/cli/acceptance/api-client.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type Answerer, fakeReco, rawServer } from "../support/fake-reco.ts";

const TIMEOUT_MS = 400;
const clientOf = (baseUrl: string, apiKey: string | null = null) =>
  new ApiClient({ baseUrl, apiKey, timeoutMs: TIMEOUT_MS });

async function ask(url: string) {
  using api = clientOf(url);
  return await api.get("/contract");
}

const whole = (text: string) => (socket: Bun.Socket) => void socket.write(text);
const broken = (text: string) => (socket: Bun.Socket) => {
  socket.write(text);
  socket.end();
};
const LATE = { ok: false, status: 0, problem: "no answer within 0.4 s" };

describe("below HTTP", () => {
  test.each<[string, (socket: Bun.Socket) => void, object]>([
    ["never answers", () => {}, LATE],
    ["stalls in the head", whole("HTTP/1.1 200 OK\r\nx-a: "), LATE],
    ["stalls in the body", whole('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"a":'), LATE],
    ["resets", (socket) => void socket.terminate(), { ok: false, status: 0, problem: "ECONNRESET" }],
    [
      "ends in the middle of the body",
      broken('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"a":'),
      { ok: false, status: 0, problem: "ECONNRESET" },
    ],
    [
      "ends between two chunks",
      broken("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"),
      { ok: false, status: 0, problem: "ECONNRESET" },
    ],
    [
      "does not speak HTTP",
      broken("SSH-2.0-OpenSSH_9.9\r\n"),
      { ok: false, status: 0, problem: expect.stringMatching(/^HPE_/) },
    ],
  ])("a server that %s", async (_, speak, answer) => {
    using server = rawServer(speak);
    expect(await ask(server.url)).toEqual(answer as never);
  });

  test("an endless body is given up at its limit", async () => {
    const block = "x".repeat(64 * 1024);
    using server = rawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const more = () => {
        // Stops when the client is gone, or has not read for as long as the test cares.
        while (socket.write(block) === block.length);
        if (socket.readyState === 1) setTimeout(more, 1);
      };
      more();
    });
    using api = new ApiClient({ baseUrl: server.url, apiKey: null, timeoutMs: 20_000 });
    expect(await api.get("/contract")).toEqual({ ok: false, status: 0, problem: "the answer is too long" });
  });

  test("nobody listens", async () => {
    const { url, ...server } = rawServer(() => {});
    server[Symbol.dispose]();
    expect(await ask(url)).toEqual({ ok: false, status: 0, problem: "ECONNREFUSED" });
  });
});

describe("above HTTP", () => {
  const answering = async (answerer: Answerer) => {
    using server = fakeReco({ "/contract": answerer });
    return { answer: await ask(server.url), seen: server.seen.map(({ line }) => line) };
  };
  const text = (body: string, status = 200) => new Response(body, { status });

  test.each<[string, Answerer, object]>([
    [
      "a page",
      () => text("<html>"),
      { ok: false, status: 200, problem: "HTTP 200, but the body is not valid JSON" },
    ],
    [
      "nothing",
      () => text(""),
      { ok: false, status: 200, problem: "HTTP 200, but the body is not valid JSON" },
    ],
    [
      "a deep nest",
      () => text("[".repeat(100_000)),
      { ok: false, status: 200, problem: "HTTP 200, but the body is nesting deeper than 16" },
    ],
    [
      "an error of reco",
      () => Response.json({ error_code: "overloaded" }, { status: 503 }),
      { ok: false, status: 503, problem: "HTTP 503 overloaded" },
    ],
    ["an error of a proxy", () => text("Bad Gateway", 502), { ok: false, status: 502, problem: "HTTP 502" }],
    ["null as an error", () => text("null", 500), { ok: false, status: 500, problem: "HTTP 500" }],
    [
      "an error code that is none",
      () => Response.json({ error_code: "x".repeat(5_000) }, { status: 500 }),
      { ok: false, status: 500, problem: "HTTP 500" },
    ],
  ])("%s", async (_, answerer, answer) => {
    expect((await answering(answerer)).answer).toEqual(answer as never);
  });

  test("a redirect is not followed", async () => {
    const { answer, seen } = await answering(() => Response.redirect("/healthz", 302));
    expect(answer).toEqual({ ok: false, status: 302, problem: "HTTP 302" });
    expect(seen).toEqual(["GET /contract"]);
  });
});

describe("the client", () => {
  test("shows its key to routes that want one, not to health routes", async () => {
    using server = fakeReco();
    using api = clientOf(server.url, "k-1");
    await api.get("/contract");
    await api.post("/event", { user_id: "Zoë" });
    await api.probe("/readyz");
    expect(server.seen).toEqual([
      { line: "GET /contract", apiKey: "k-1", body: "" },
      { line: "POST /event", apiKey: "k-1", body: '{"user_id":"Zoë"}' },
      { line: "GET /readyz", apiKey: null, body: "" },
    ]);
  });

  test("keeps a path in front of the routes", async () => {
    using server = fakeReco();
    using api = clientOf(`${server.url}/behind/proxy`);
    await api.get("/contract");
    expect(server.seen.map(({ line }) => line)).toEqual(["GET /behind/proxy/contract"]);
  });

  test("lets no slow answer hold back another, however many there are", async () => {
    const COUNT = 400;
    let arrived = 0;
    const all = Promise.withResolvers<void>();
    using server = fakeReco({
      "/contract": async () => {
        if (++arrived === COUNT) all.resolve();
        await all.promise;
        return Response.json({});
      },
    });
    using api = new ApiClient({ baseUrl: server.url, apiKey: null, timeoutMs: 20_000 });
    const answers = await Promise.all(Array.from({ length: COUNT }, () => api.get("/contract")));
    expect(answers.filter(({ ok }) => !ok)).toEqual([]);
  });

  test("hangs up when time is over", async () => {
    const closed = Promise.withResolvers<void>();
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data() {}, close: () => closed.resolve() },
    });
    using api = clientOf(`http://127.0.0.1:${listener.port}`);
    expect(await api.get("/contract")).toEqual(LATE as never);
    expect(await Promise.race([closed.promise.then(() => "closed"), systemClock.sleep(5_000)])).toBe(
      "closed",
    );
    listener.stop(true);
  });
});
