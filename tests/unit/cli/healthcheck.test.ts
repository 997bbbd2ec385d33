import { describe, expect, test } from "bun:test";
import { urlOf } from "../../../src/cli/address.ts";
import { EXIT_USAGE } from "../../../src/cli/exit-codes.ts";
import { healthUrl, urlOfTree } from "../../../src/cli/healthcheck.ts";

describe("the URL that is asked", () => {
  test.each([
    ["http://reco:8080", "http://reco:8080/healthz"],
    ["http://reco:8080/", "http://reco:8080/healthz"],
    ["http://reco:9109/metrics", "http://reco:9109/metrics"],
    ["https://reco.example/readyz?capability=serve", "https://reco.example/readyz?capability=serve"],
    ["http://user:secret@reco:8080", "http://reco:8080/healthz"],
  ])("of %p is %p", (given, url) => {
    expect(healthUrl(given)).toBe(url);
  });

  test.each(["", "reco:8080", "ftp://reco", "8080"])("%p is bad usage", (given) => {
    expect(() => healthUrl(given)).toThrow(expect.objectContaining({ exitCode: EXIT_USAGE }));
  });

  test("of a tree is its API, or its metrics listener when it has no API", () => {
    const metrics = { host: "0.0.0.0", port: 9110 };
    expect(urlOfTree({ http: { host: "::", port: 8080 }, metrics })).toBe("http://[::1]:8080/healthz");
    expect(urlOfTree({ http: null, metrics })).toBe("http://127.0.0.1:9110/livez");
  });
});

describe("an address", () => {
  test("is reached over the loopback when it means every interface, else as it is", () => {
    expect(urlOf({ host: "0.0.0.0", port: 1 })).toBe("http://127.0.0.1:1");
    expect(urlOf({ host: "10.0.0.5", port: 1 }, "/x")).toBe("http://10.0.0.5:1/x");
    expect(urlOf({ host: "fd00::1", port: 1 }, "/x")).toBe("http://[fd00::1]:1/x");
  });
});
