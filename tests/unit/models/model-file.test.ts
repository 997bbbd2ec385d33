/** A model's file: what is written is what is read, and nothing that is not whole. */

import { describe, expect, test } from "bun:test";
import { BundleError, decodeBundle, encodeBundle } from "../../../src/models/bundle.ts";
import { encodeModel, loadModel, servedPart } from "../../../src/models/model-file.ts";
import { train } from "../../../src/models/train.ts";
import { logOf } from "./logs.ts";

const someModel = (easeMaxRows = 100) =>
  train(logOf("a b c|a b d|b c d|a c"), {
    runId: "20260101_023000",
    texts: new Map([["a", { title: "A film", category: null, author: null, tags: ["x"] }]]),
    halfLifeHours: 8_760,
    easeMaxRows,
    onStage() {},
  }).model;

describe("a model file", () => {
  test("gives back the model that was written", () => {
    const model = someModel();
    expect(loadModel(encodeModel(model))).toEqual(model);
  });

  test("from before signals counted in profiles takes all signals for equal", () => {
    const { meta, columns } = decodeBundle(encodeModel(someModel()));
    const { signal_weights: _, ...older } = meta as { signal_weights: unknown };
    expect(loadModel(encodeBundle(older, columns)).signalWeights).toEqual({ view: 1, click: 1, purchase: 1 });
  });

  test("can be read from memory that threads share, where it lies", () => {
    const bytes = encodeModel(someModel());
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const { lists } = loadModel(shared);
    expect(lists.ease?.weights.buffer as unknown).toBe(shared.buffer);
  });

  test("is refused whichever byte of header or numbers was changed", () => {
    const whole = encodeModel(someModel());
    const { columns } = decodeBundle(whole);
    const places = [20, 60, ...Array.from(columns.values(), ({ byteOffset }) => byteOffset)];
    for (const place of places) {
      const broken = whole.slice();
      broken[place] = (broken[place] as number) ^ 1;
      expect(() => loadModel(broken)).toThrow("Model checksum mismatch");
    }
  });

  test("is refused at whatever length it was cut off", () => {
    const whole = encodeModel(someModel());
    for (const length of [0, 7, 47, 100, whole.length - 70]) {
      expect(() => loadModel(whole.subarray(0, length))).toThrow(BundleError);
    }
  });

  test("of another format or schema is refused by name", () => {
    const other = encodeModel(someModel());
    other[8] = 9;
    expect(() => loadModel(other)).toThrow("format version 9, and this build reads 1 and 2");
    const meta = { feature_schema_version: "2.0.0" };
    expect(() => loadModel(encodeBundle(meta, new Map()))).toThrow(
      "Feature schema contract version mismatch: the model has 2.0.0, this build 1.0.0",
    );
  });

  test("with factors gives them back, and says a version that builds without factors refuse", () => {
    const model = someModel(1);
    const bytes = encodeModel(model);
    expect(model.factors?.vectors.length).toBe(4 * 64);
    expect(loadModel(bytes)).toEqual(model);
    expect([bytes[8], encodeModel(someModel())[8]]).toEqual([2, 1]);
  });

  test("with a changed factor, or factors of other items, is refused", () => {
    const model = someModel(1);
    const bytes = encodeModel(model);
    const { columns } = decodeBundle(bytes);
    for (const [name, { byteOffset }] of columns) {
      if (!name.startsWith("ials.")) continue;
      const broken = bytes.slice();
      broken[byteOffset] = (broken[byteOffset] as number) ^ 1;
      expect(() => loadModel(broken)).toThrow(`Model checksum mismatch: ${name}`);
    }
    const other = encodeModel({ ...model, itemIds: ["a", "b"], lists: {}, sessions: null });
    expect(() => loadModel(other)).toThrow("ials has factors of other items");
  });

  test("without a column that it needs is refused", () => {
    const meta = { feature_schema_version: "1.0.0", session_decay: "stan" };
    const columns = new Map([["item_ids", new TextEncoder().encode("[]")]]);
    expect(() => loadModel(encodeBundle(meta, columns))).toThrow("the model has no sessions.starts");
  });
});

test("only what some blend counts is kept for serving, and content", () => {
  const weights = { ease: 1 };
  const { lists, sessions } = servedPart({ ...someModel(), weights, sessionWeights: weights });
  expect(Object.keys(lists).sort()).toEqual(["content", "ease"]);
  expect(sessions).toBeNull();
  const guests = servedPart({ ...someModel(), weights, sessionWeights: { item_knn: 1, session_knn: 1 } });
  expect(Object.keys(guests.lists).sort()).toEqual(["content", "ease", "item_knn"]);
  expect(guests.sessions).not.toBeNull();
});

test("factors are kept for serving where some blend counts them", () => {
  const model = { ...someModel(1), weights: { ials: 1 }, sessionWeights: {} };
  expect(servedPart(model).factors).toEqual(model.factors);
  expect(servedPart({ ...model, weights: { content: 1 } }).factors).toBeUndefined();
});

test("equal logs give equal files", () => {
  for (const rows of [100, 1]) expect(encodeModel(someModel(rows))).toEqual(encodeModel(someModel(rows)));
});
