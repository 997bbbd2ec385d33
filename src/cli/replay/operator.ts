/** Names who runs this command, for the audit log. */

import { userInfo } from "node:os";

/** `cli:<login name>`, or `cli:uid-<n>` for a user whom the system cannot name. */
export function operator(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    return `cli:uid-${process.getuid?.() ?? "unknown"}`; // Containers run under ids that no passwd file holds.
  }
}
