/** Makes a call, and leaves what an operator changed by it in the log of operator actions. */
import type { Clock } from '../domain/clock.js';
import type { OperatorAction } from '../store/sqlite/operator-log.js';
import { auditEntry } from './audit-entry.js';
import type { Answer, Call, Route } from './route.js';

export interface AuditContext {
  readonly clock: Clock;
  /** Never throws. */
  readonly onAction?: ((action: OperatorAction) => void) | undefined;
}

/** @throws what the call refuses, which is logged as well */
export async function callAudited(
  route: Route,
  call: Call<unknown, unknown, unknown>,
  { clock, onAction }: AuditContext,
): Promise<Answer> {
  const { audit } = route;
  if (audit === undefined) return route.handle(call);
  const record = (outcome: Parameters<typeof auditEntry>[2]): void => {
    const entry = auditEntry(audit, call, outcome, clock.nowMs());
    if (entry !== undefined) onAction?.(entry);
  };
  try {
    const answer = await route.handle(call);
    record({ answer });
    return answer;
  } catch (thrown) {
    record({ thrown });
    throw thrown;
  }
}
