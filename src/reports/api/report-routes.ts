/** Calls that accept reports and show what was reported: density, users, capability, probes. */
import type { z } from 'zod';
import { canonicalAddress } from '../../control-api/field-schemas.js';
import { MAX_LIST_ROWS } from '../../control-api/limits.js';
import { Problem } from '../../control-api/problem.js';
import { batchRoute, type Route, route } from '../../control-api/route.js';
import type { Clock } from '../../domain/clock.js';
import type { Refusal, ReportsService } from '../reports-service.js';
import {
  capabilityAnswer,
  capabilityReceipt,
  densityAnswer,
  densityReceipt,
  probesAnswer,
  releaseAnswer,
  usersReceipt,
} from './answer-schemas.js';
import { capabilityReport, densityQuery, densityReport, probeParams, usersReport } from './request-schemas.js';

export function reportRoutes(reports: ReportsService, clock: Clock): Route[] {
  return [
    ...densityRoutes(reports, clock),
    ...usersRoutes(reports),
    ...capabilityRoutes(reports, clock),
    ...probeRoutes(reports, clock),
  ];
}

function densityRoutes(reports: ReportsService, clock: Clock): Route[] {
  return [
    batchRoute({
      method: 'post',
      path: '/api/v1/density',
      summary: 'Traffic of sub-domains over a period, from a detection point (draft 4.3.1)',
      access: 'probe',
      body: densityReport,
      answers: [{ status: 202, description: 'Durable. `accepted` counts sub-domain values.', schema: densityReceipt }],
      handle: async ({ body, principal }) => {
        const receipts = await reports.submitDensity(principal!, body.map(toReport));
        if (!Array.isArray(receipts)) throw refusalProblem(receipts, body.length);
        return {
          status: 202,
          json: {
            accepted: receipts.reduce((sum, receipt) => sum + receipt.accepted, 0),
            duplicate: receipts.every((receipt) => receipt.duplicate),
            duplicates: receipts.filter((receipt) => receipt.duplicate).length,
            quarantined: receipts.flatMap((receipt) => receipt.quarantined),
            reports: receipts,
          },
        };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/density',
      summary: 'The latest density of each sub-domain, and its history with `since`',
      access: 'viewer',
      query: densityQuery,
      answers: [{ status: 200, description: 'Density is bytes per user per second.', schema: densityAnswer }],
      handle: ({ query }) => {
        const subdomains = [...reports.densities(clock.nowMs())]
          .filter(([id]) => query.subdomain === undefined || id === query.subdomain)
          .map(([id, density]) => ({ id, ...density }));
        if (query.since === undefined) return { json: { subdomains } };
        const sinceMs = Date.parse(query.since);
        const rows = reports.densityHistory({ sinceMs, subdomain: query.subdomain, rowsMax: MAX_LIST_ROWS });
        const history = rows.map(({ startMs, ...row }) => ({ start: new Date(startMs).toISOString(), ...row }));
        return { json: { subdomains, history, truncated: rows.length === MAX_LIST_ROWS } };
      },
    }),
  ];
}

function usersRoutes(reports: ReportsService): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/users',
      summary: 'Users of sub-domains as the BRAS counts them',
      access: 'probe',
      body: usersReport,
      answers: [{ status: 202, description: 'Durable.', schema: usersReceipt }],
      handle: async ({ body, principal }) => {
        const taken = await reports.submitUsers(principal!, body.subdomains);
        if (typeof taken !== 'number') throw refusalProblem(taken, 1);
        return { status: 202, json: { accepted: taken } };
      },
    }),
  ];
}

function capabilityRoutes(reports: ReportsService, clock: Clock): Route[] {
  return [
    batchRoute({
      method: 'post',
      path: '/api/v1/capability',
      summary: "What a node can serve (draft 4.3.2), from the node itself or by an operator's token",
      access: 'node',
      body: capabilityReport,
      answers: [
        {
          status: 202,
          description: 'Durable. `clamped` names the fields that were lowered to the limit of the line.',
          schema: capabilityReceipt,
        },
      ],
      handle: async ({ body, principal, callerAddress }) => {
        const nodes = body.map((report) => ({
          ...report,
          address: report.address === undefined ? callerAddress : canonicalAddress(report.address),
        }));
        const results = await reports.submitCapability(principal, callerAddress, nodes);
        if (!Array.isArray(results)) throw refusalProblem(results, body.length);
        const clamped = results.filter((result) => result.clamped.length > 0);
        return { status: 202, json: { accepted: results.length, clamped } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/capability',
      summary: 'What nodes have reported and still counts',
      access: 'viewer',
      answers: [{ status: 200, description: 'The newest last.', schema: capabilityAnswer }],
      handle: () => {
        const nodes = [...reports.capabilityReadings(clock.nowMs()).values()];
        return { json: { total: nodes.length, nodes: nodes.slice(-MAX_LIST_ROWS) } };
      },
    }),
  ];
}

function probeRoutes(reports: ReportsService, clock: Clock): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/probes',
      summary: 'Every probe with its alarms: late, silent, implausible, wrong clock …',
      access: 'viewer',
      answers: [{ status: 200, description: 'Sorted by name.', schema: probesAnswer }],
      handle: () => {
        const probes = reports.probes(clock.nowMs()).map(({ lastReceivedMs, ...probe }) => ({
          ...probe,
          lastReceived: lastReceivedMs === null ? null : new Date(lastReceivedMs).toISOString(),
        }));
        return { json: { probes } };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/probes/{probe}/release',
      summary: 'Clears the history by which a quarantined probe is judged, after a real change of its traffic',
      access: 'operator',
      audit: { action: 'probe-release', subject: ({ params }) => params.probe },
      params: probeParams,
      answers: [{ status: 200, description: 'Its next value is accepted.', schema: releaseAnswer }],
      handle: async ({ params }) => {
        if (!(await reports.releaseProbe(params.probe))) {
          throw new Problem('not-found', `no probe "${params.probe}" has reported`, {
            faults: [{ field: 'probe', detail: 'not known' }],
          });
        }
        return { json: { released: params.probe } };
      },
    }),
  ];
}

function toReport(body: z.infer<typeof densityReport>) {
  const { periodStart, ...rest } = body;
  return { ...rest, periodStartMs: Date.parse(periodStart) };
}

function refusalProblem(refusal: Refusal, batchLength: number): Problem {
  const field = batchLength > 1 ? `[${refusal.index}].${refusal.field}` : refusal.field;
  const type = refusal.kind === 'forbidden' ? 'forbidden' : 'unprocessable';
  return new Problem(type, `${field}: ${refusal.reason}`, { faults: [{ field, detail: refusal.reason }] });
}
