/** Gate 6: turns new work away while the process stops. */

import { SHUTTING_DOWN } from "../errors.ts";
import type { Failure } from "../route.ts";
import type { HealthView } from "../services.ts";

export function checkDraining(health: HealthView): Failure | null {
  return health.draining ? SHUTTING_DOWN : null;
}
