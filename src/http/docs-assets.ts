/** The pages and files of the API documentation, all served by reco itself. */

import { readFile } from "node:fs/promises";
import stylePath from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import bundlePath from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import { HTML_TYPE, reply } from "./reply.ts";
import type { Reply } from "./route.ts";

const SCRIPT_TYPE = "text/javascript; charset=utf-8";
const STYLE_TYPE = "text/css; charset=utf-8";

/** A script of its own: the pages' policy allows no script inside them. */
const INIT_SCRIPT = `window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
`;

const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>reco API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/init.js"></script>
</body>
</html>
`;

export const docsPage = (): Reply => reply(200, HTML_TYPE, DOCS_PAGE);

/** GET `/`: says what answers here. `title` is shown as text. */
export function startPage(title: string): Reply {
  const shown = escapeHtml(title);
  const links = ["/docs", "/openapi.json", "/healthz", "/readyz", "/livez", "/metrics"];
  const list = links.map((path) => `<li><a href="${path}">${path}</a></li>`).join("\n");
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${shown}</title>
</head>
<body>
<h1>${shown}</h1>
<p>This is reco, a real-time recommendation server. It takes events at <code>/event</code> and
<code>/log/*</code> and answers recommendations at <code>/reco</code>.</p>
<ul>
${list}
</ul>
</body>
</html>
`;
  return reply(200, HTML_TYPE, page);
}

/** The files of the documentation page. Read on each call: they are large and seldom asked for. */
export const DOCS_ASSETS = {
  style: async () => reply(200, STYLE_TYPE, new Uint8Array(await readFile(stylePath))),
  bundle: async () => reply(200, SCRIPT_TYPE, new Uint8Array(await readFile(bundlePath))),
  init: () => reply(200, SCRIPT_TYPE, INIT_SCRIPT),
};

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
