/** Checks real answers against the OpenAPI document that the same app serves. */

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

export interface OpenApiResponse {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

export interface OpenApiOperation {
  readonly "x-auth"?: string;
  readonly "x-scope"?: string | null;
  readonly summary?: string;
  readonly parameters: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

/** Says what about `response` is not as documented; an empty list when all is well. */
export type CheckAnswer = (method: string, path: string, response: Response) => Promise<readonly string[]>;

export function answerChecker(document: OpenApiDocument): CheckAnswer {
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, "document");
  const validators = new Map<string, ValidateFunction>();
  const validatorAt = (pointer: string) => {
    const known = validators.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` });
    validators.set(pointer, known);
    return known;
  };
  return async (method, path, response) => {
    const { status } = response;
    const documented = document.paths[path]?.[method]?.responses[String(status)];
    if (documented === undefined) return [`${method} ${path} may not answer ${status}`];
    const missing = Object.keys(documented.headers).filter(
      (name) => name !== "X-Event-Conflict" && name !== "X-Reco-Degraded" && !response.headers.has(name),
    );
    const [type = null] = Object.keys(documented.content ?? {});
    if (response.headers.get("Content-Type") !== type) return [`${path} ${status} is not ${type}`];
    if (type !== "application/json") return missing;
    const keys = ["paths", path, method, "responses", String(status), "content", type, "schema"];
    const validate = validatorAt(keys.map((key) => `/${encodeURIComponent(escapePointer(key))}`).join(""));
    if (validate(await response.json())) return missing;
    return [...missing, ...(validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)];
  };
}

const escapePointer = (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** Every `$ref` in the document that leads nowhere. */
export function brokenRefs(document: OpenApiDocument): string[] {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) =>
    String(path),
  );
  return refs.filter((path) => {
    let at: unknown = document;
    for (const key of path.split("/")) at = (at as Record<string, unknown> | undefined)?.[key];
    return at === undefined;
  });
}
