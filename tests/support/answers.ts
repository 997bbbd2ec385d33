/** Reads JSON answers in tests. */

export interface AnswerBody {
  readonly detail: unknown;
  readonly error_code: string;
  readonly error: string;
  readonly message: string;
  readonly request_id: string;
  readonly trace_id: string;
  readonly event_id: string;
  readonly status: string;
  readonly items: readonly string[];
  readonly details: unknown;
  readonly metrics: Readonly<Record<string, number>>;
  readonly checks: Readonly<Record<string, boolean>>;
  readonly degraded: readonly string[];
}

/** The body, with members that the answer may or may not have. */
export async function bodyOf(response: Response): Promise<Partial<AnswerBody>> {
  return (await response.json()) as Partial<AnswerBody>;
}

export const answerOf = async (response: Response) => ({
  status: response.status,
  body: await bodyOf(response),
});
