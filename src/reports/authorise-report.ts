/** Decides who may report for which probe, sub-domain and address. Pure; an objection names the offending field. */

import type { Principal } from '../control-api/principal.js';
import type { CapabilityReport } from './accept-capability-report.js';
import type { DensityReport } from './density-report.js';

export interface Objection {
  /** Path in the report, such as `subdomains[0].id`. */
  readonly field: string;
  readonly reason: string;
}

/** A probe reports under its own name for its own sub-domains; the operator reports for all that are configured. */
export function objectionToDensity(
  principal: Principal,
  report: DensityReport,
  isKnownSubdomain: (id: string) => boolean,
): Objection | undefined {
  if (principal.kind === 'probe' && report.probe !== principal.name) {
    return { field: 'probe', reason: `this token belongs to the probe "${principal.name}"` };
  }
  return objectionToSubdomains(
    principal,
    report.subdomains.map((s) => s.id),
    isKnownSubdomain,
  );
}

export function objectionToSubdomains(
  principal: Principal,
  ids: readonly string[],
  isKnownSubdomain: (id: string) => boolean,
): Objection | undefined {
  if (principal.kind !== 'probe' && principal.kind !== 'operator') {
    return { field: 'authorization', reason: 'this token is not for reports of traffic' };
  }
  for (const [i, id] of ids.entries()) {
    const field = `subdomains[${i}].id`;
    if (principal.kind === 'probe' && !principal.subdomains.includes(id)) {
      return { field, reason: `the probe "${principal.name}" does not report for the sub-domain "${id}"` };
    }
    if (!isKnownSubdomain(id)) return { field, reason: `"${id}" is not a sub-domain of the configuration` };
  }
  return undefined;
}

/** A node of the operator's networks reports for the address it calls from, an operator's token for any address. */
export function objectionToCapability(
  principal: Principal | undefined,
  callerAddress: string,
  report: CapabilityReport,
  isInner: (address: string) => boolean,
): Objection | undefined {
  if (principal?.kind === 'operator') return undefined;
  if (report.address === callerAddress) {
    if (isInner(callerAddress)) return undefined;
    return {
      field: 'address',
      reason: `${callerAddress} is not in the operator's networks; its capability is ignored`,
    };
  }
  return {
    field: 'address',
    reason: `only the node itself or an operator's token may report for ${report.address}; this call came from ${callerAddress}`,
  };
}
