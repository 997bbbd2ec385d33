/** Lets the event loop go round once, so that others are served between two pieces of long work. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
