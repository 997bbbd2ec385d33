/** GET /, /docs and /openapi.json: the API explained by the server that serves it. */

import { DOCS_ASSETS, docsPage, startPage } from "../docs-assets.ts";
import { DOCS_DISABLED } from "../errors.ts";
import { JSON_TYPE, reply } from "../reply.ts";
import type { Outcome, Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

/** `openApiText` is called once, at the first request for the document. */
export function docsHandlers({ config }: HttpServices, openApiText: () => Promise<string>) {
  const { docsEnabled, apiTitle } = config.http;
  let document: Promise<string> | null = null;
  const gated = (handle: () => Outcome | Promise<Outcome>): Route["handle"] =>
    docsEnabled ? handle : () => DOCS_DISABLED;
  return {
    start: gated(() => startPage(apiTitle)),
    page: gated(docsPage),
    openApi: gated(async () => {
      document ??= openApiText();
      return reply(200, JSON_TYPE, await document);
    }),
    style: gated(DOCS_ASSETS.style),
    bundle: gated(DOCS_ASSETS.bundle),
    init: gated(DOCS_ASSETS.init),
  };
}
