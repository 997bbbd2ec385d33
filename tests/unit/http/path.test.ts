import { describe, expect, test } from "bun:test";
import { sentPath, takenPath } from "../../../src/http/path.ts";

const taken = (url: string) => takenPath({ url } as Request);

describe("the path of a request", () => {
  test.each([
    ["http://reco/livez?a=/b", "/livez"],
    ["http://reco:8080/a/livez#x", "/a/livez"],
    ["http://reco/a%2fb%20c", "/a%2fb%20c"],
    ["http://reco", "/"],
    ["/ab/livez?a=/b", "/ab/livez"],
    ["reco:80", "/"],
  ])("%s, as sent, is %s", (url, path) => {
    expect(sentPath(url)).toBe(path);
  });

  // The server leaves the origin out where the Host header is absent or names no host.
  test.each([
    ["http://reco/a%20b?c=%20", "/a b"],
    ["/livez", "/livez"],
    ["/livez?url=http://a/b", "/livez"],
    ["/ab/metrics", "/ab/metrics"],
    ["/a:/b/metrics", "/a:/b/metrics"],
    ["//metrics", "//metrics"],
    ["/%6civez#a", "/livez"],
  ])("%s is routed as %s", (url, path) => {
    expect(taken(url)).toBe(path);
  });
});
