/** Asks one URL for its text, within a time. */

import { get } from "node:http";
import { get as getEncrypted } from "node:https";
import { Deadline, DeadlineExceededError } from "../core/deadline.ts";

const MAX_BODY_BYTES = 8 * 1024 * 1024;

export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

/** Rejects with a message that names the URL. Goes past any proxy of the environment: what is asked runs here. */
export async function probe(url: string, timeoutMs: number): Promise<ProbeAnswer> {
  const abort = new AbortController();
  try {
    return await Deadline.after(timeoutMs).race(request(url, abort.signal), () => abort.abort());
  } catch (cause) {
    const why =
      cause instanceof DeadlineExceededError
        ? `no answer within ${timeoutMs} ms`
        : ((cause as NodeJS.ErrnoException).code ?? String(cause));
    throw new Error(`${url}: ${why}`, { cause });
  }
}

function request(url: string, signal: AbortSignal): Promise<ProbeAnswer> {
  const ask = url.startsWith("https:") ? getEncrypted : get;
  return new Promise((resolve, reject) => {
    const call = ask(url, { signal, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body += text;
        if (body.length > MAX_BODY_BYTES) call.destroy(new Error("the answer is too long"));
      });
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.once("error", reject);
  });
}
