/** What other actors tell a consumer. */

/** Records were appended: a hint that saves the wait for the next poll. */
export interface ConsumerMessage {
  readonly kind: "wake";
}
