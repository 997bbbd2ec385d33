/** One training in a thread of its own, watched from outside: how long it takes, and what memory. */

import { Worker } from "node:worker_threads";
import type { Clock, Timer } from "../core/clock.ts";
import type { TrainingStep, TrainRun } from "./train-run.ts";
import { TrainingError } from "./trainer-runner.ts";
import type { TrainingNews, TrainingOrder } from "./training-thread.ts";

export interface TrainingJobOptions {
  /** Entry file of threads. */
  readonly threadEntry: string;
  readonly order: TrainingOrder;
  /** Of this whole process. */
  readonly memoryMaxBytes: number;
  readonly residentBytes: () => number;
  readonly clock: Clock;
  readonly onStage: (step: TrainingStep, what: string) => void;
  /** The training went beyond what it was granted. A busy thread hears nothing: this process is to end, and it with that. */
  readonly onOverrun: (reason: string) => void;
}

const WATCH_EVERY_MS = 250;

/** Rejects with TrainingError. After an overrun it never settles. */
export function runTraining(options: TrainingJobOptions): Promise<TrainRun | null> {
  const { threadEntry, order, clock, onStage, onOverrun, memoryMaxBytes, residentBytes } = options;
  const endsAtMs = clock.monotonicMs() + order.training.timeoutMs;
  const worker = new Worker(threadEntry, { workerData: order });
  let hasLoaded = false;
  let isOver = false;
  const overrun = (reason: string) => {
    isOver = true;
    // A thread that is still loading must not be ended: it may take the process with it before that can say why.
    if (hasLoaded) void worker.terminate();
    onOverrun(reason);
  };
  return new Promise((resolve, reject) => {
    let timer: Timer | null = null;
    const fail = (reason: string) => {
      timer?.cancel();
      reject(new TrainingError(reason));
    };
    const watch = () => {
      if (clock.monotonicMs() > endsAtMs) return overrun("the training takes longer than it may");
      const usedBytes = residentBytes();
      if (usedBytes > memoryMaxBytes) {
        return overrun(`the training takes ${megabytes(usedBytes)} MB, of ${megabytes(memoryMaxBytes)}`);
      }
      timer = clock.schedule(WATCH_EVERY_MS, watch, { unref: true });
    };
    worker.on("message", (news: TrainingNews) => {
      hasLoaded = true;
      if (isOver) return void worker.terminate();
      switch (news.kind) {
        case "stage":
          return onStage(news.step, news.what);
        case "done":
          timer?.cancel();
          return resolve(news.run);
        case "failed":
          return fail(news.reason);
        default:
          news satisfies never;
      }
    });
    worker.on("error", (error) => fail(String(error)));
    worker.on("exit", () => {
      if (!isOver) fail("the training ended without a word");
    });
    watch();
  });
}

const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);
