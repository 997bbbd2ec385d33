/** A server that answers like reco, and as wrongly as a test wants it to: for tools that look at reco from outside. */

export type Answerer = (request: Request) => Response | Promise<Response>;

export interface FakeReco extends Disposable {
  readonly url: string;
  /** `METHOD /path?query` and key of each request, in order. */
  readonly seen: readonly { readonly line: string; readonly apiKey: string | null; readonly body: string }[];
}

const OUTBOX = { pending: 0, publishing: 0, published: 3, dead: 0, oldest_lag_ms: 0 };
export const CONTRACT = {
  kpi_targets: { ctr_at_20: ">= 8%", avg_watch_time_sec: ">= 35", catalog_coverage_at_20: ">= 60%" },
  sla_targets: { reco_p95_ms: 120, reco_p99_ms: 200, api_error_rate_pct: 1 },
};
export const healthz = (outbox: unknown) => Response.json({ status: "ok", event_backbone: { outbox } });

/** `overrides` by path. */
export function fakeReco(overrides: Readonly<Record<string, Answerer>> = {}): FakeReco {
  const seen: { line: string; apiKey: string | null; body: string }[] = [];
  const eventIds = new Set<unknown>();
  const usual: Readonly<Record<string, Answerer>> = {
    "/readyz": () => Response.json({ ready: true }),
    "/event": () => Response.json({ status: "ok", event_id: "generated-1" }),
    "/reco": () => Response.json({ request_id: "req-00000001", items: ["i-1", "i-2"] }),
    "/log/watch": async (request) => {
      const { event_id } = (await request.json()) as { event_id: unknown };
      const status = eventIds.has(event_id) ? "duplicate" : "ok";
      eventIds.add(event_id);
      return Response.json({ status });
    },
    "/healthz": () => healthz(OUTBOX),
    "/metrics/reco": () => Response.json({ sample_size: 30 }),
    "/contract": () => Response.json(CONTRACT),
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const body = await request.clone().text();
      const apiKey = request.headers.get("x-api-key");
      seen.push({ line: `${request.method} ${pathname}${search}`, apiKey, body });
      const answer = overrides[pathname] ?? usual[pathname];
      return answer ? await answer(request) : new Response("no such route", { status: 404 });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    seen,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

/** A server below HTTP: `speak` gets each connection once its request came. */
export function rawServer(speak: (socket: Bun.Socket) => void): Disposable & { readonly url: string } {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => speak(socket) },
  });
  return { url: `http://127.0.0.1:${listener.port}`, [Symbol.dispose]: () => listener.stop(true) };
}
