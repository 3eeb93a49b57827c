/** Whose call it is, for the rules that hold for original trackers. */
import type { Principal } from '../../control-api/principal.js';

/** @returns the name of the original tracker; undefined for the operator, who may speak for any torrent */
export function nameOf(principal: Principal | undefined): string | undefined {
  return principal?.kind === 'upstream' ? principal.name : undefined;
}
