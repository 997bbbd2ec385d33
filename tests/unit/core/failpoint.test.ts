/** Failpoints: nothing unless armed, and then exactly what was asked. */

import { afterEach, describe, expect, test } from "bun:test";
import { armFailpoints, FailpointError, failpoint } from "../../../src/core/failpoint.ts";

describe("failpoint", () => {
  afterEach(() => armFailpoints(""));

  test("passes when nothing is armed", async () => {
    expect(await failpoint("relay.after_publish")).toBeUndefined();
  });

  test("passes where only another place is armed", async () => {
    armFailpoints("relay.after_claim=throw");

    expect(await failpoint("relay.after_publish")).toBeUndefined();
  });

  test("throws where armed to throw", () => {
    armFailpoints("relay.after_publish=throw");

    expect(failpoint("relay.after_publish")).rejects.toThrow(FailpointError);
  });

  test("acts on every third pass when armed with @3", async () => {
    armFailpoints("relay.after_publish=throw@3");
    const passes: boolean[] = [];

    for (let pass = 0; pass < 6; pass++) {
      passes.push(
        await failpoint("relay.after_publish").then(
          () => true,
          () => false,
        ),
      );
    }

    expect(passes).toEqual([true, true, false, true, true, false]);
  });

  test("never returns where armed to hang", async () => {
    armFailpoints("relay.after_publish=hang");

    const winner = await Promise.race([
      failpoint("relay.after_publish"),
      failpoint("another.place").then(() => "other"),
    ]);

    expect(winner).toBe("other");
  });

  test("kills its own process where armed to crash", async () => {
    const program = `
      import { armFailpoints, failpoint } from "${import.meta.dir}/../../../src/core/failpoint.ts";
      armFailpoints("a.place=crash");
      await failpoint("a.place");
      console.log("survived");
    `;

    const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
    const output = await new Response(child.stdout).text();
    await child.exited;

    expect({ signal: child.signalCode, output }).toEqual({ signal: "SIGKILL", output: "" });
  });

  test("refuses an entry it does not understand", () => {
    expect(() => armFailpoints("relay.after_publish=explode")).toThrow("not a failpoint");
  });
});
