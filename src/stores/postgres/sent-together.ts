/** Statements that go out in one transaction without waiting for each other's answers. */

/** SQLSTATE of every statement after one that failed. */
const IN_FAILED_TRANSACTION = "25P02";

/**
 * As `Promise.all`, for work that sends statements of one transaction, which the server runs in the order sent. Rejects
 * when all have ended, with the failure that broke the transaction: `Promise.all` rejects with what happens to be
 * heard first, which may be a later statement's "transaction is aborted", and that tells nobody whether to try again.
 */
export async function sentTogether<T extends readonly Promise<unknown>[]>(
  work: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const ends = await Promise.allSettled(work);
  const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  if (failures.length > 0) throw failures.find((failure) => !isConsequence(failure)) ?? failures[0];
  return Promise.all(work);
}

const isConsequence = (failure: unknown) =>
  (failure as { code?: unknown } | null)?.code === IN_FAILED_TRANSACTION;
