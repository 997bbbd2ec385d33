/** The stores of served slates against one contract. */

import { systemClock } from "../../src/core/clock.ts";
import { createSlateStore } from "../../src/stores/postgres/slate-store.ts";
import { testDatabase } from "../support/databases.ts";
import { fakeSlates } from "../support/fakes/slate-store.ts";
import { describeSlateStore, RETENTION_DAYS } from "./slate-store-suite.ts";

describeSlateStore("postgres", async () => {
  const database = await testDatabase();
  return {
    store: createSlateStore(database.pool(), RETENTION_DAYS),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
});

describeSlateStore("memory", async () => ({
  store: fakeSlates(systemClock, RETENTION_DAYS),
  async [Symbol.asyncDispose]() {
    // Holds nothing.
  },
}));
