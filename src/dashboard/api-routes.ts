/** The calls behind the overview: its numbers, and the state of each part of the program. */
import { z } from 'zod';
import { count, time } from '../control-api/field-schemas.js';
import type { Readiness } from '../control-api/health-routes.js';
import { type Route, route } from '../control-api/route.js';
import type { Clock } from '../domain/clock.js';
import type { StoredToken } from '../store/sqlite/tokens-store.js';
import { OverviewMeter, type OverviewPort, overviewAnswer } from './overview.js';

/** A part as its supervision knows it. */
export interface PartState {
  readonly part: string;
  readonly isUp: boolean;
  /** Restarts. */
  readonly count: number;
  readonly failedAtMs: number;
  readonly lastError: string | undefined;
}

export interface ApiRoutePorts {
  readonly clock: Clock;
  readonly readiness: Readiness;
  readonly overview: OverviewPort;
  readonly parts: () => readonly PartState[];
  /** Made by the command line. */
  readonly tokens: () => readonly StoredToken[];
}

export const partsAnswer = z.strictObject({
  parts: z.array(
    z
      .strictObject({
        part: z.string(),
        isUp: z.boolean().meta({ description: 'false from a failure until the restart' }),
        restarts: count,
        lastFailureAt: time.nullable(),
        lastError: z.string().nullable(),
      })
      .meta({ title: 'Part' }),
  ),
});
export type PartDocument = z.output<typeof partsAnswer>['parts'][number];

export const tokensAnswer = z.strictObject({
  tokens: z.array(
    z
      .strictObject({
        id: z.string(),
        kind: z.enum(['probe', 'control', 'viewer', 'upstream']),
        subject: z.string(),
        subdomains: z.array(z.string()),
        created: time,
        revoked: time.nullable(),
      })
      .meta({ title: 'Token' }),
  ),
});

export function overviewRoutes({ clock, readiness, overview, parts, tokens }: ApiRoutePorts): Route[] {
  const meter = new OverviewMeter(overview, clock);
  return [
    route({
      method: 'get',
      path: '/api/v1/overview',
      summary: 'The numbers of the dashboard',
      access: 'viewer',
      answers: [{ status: 200, description: 'Rates are over the last minute.', schema: overviewAnswer }],
      handle: async () => ({
        json: { ...(await meter.read()), notReady: readiness.reasons(), alarms: readiness.alarms?.() ?? [] },
      }),
    }),
    route({
      method: 'get',
      path: '/api/v1/parts',
      summary: 'Parts of the program: whether each runs, its restarts and its last error',
      access: 'viewer',
      answers: [{ status: 200, description: 'Since the start of the program.', schema: partsAnswer }],
      handle: () => ({ json: { parts: parts().map(describePart) } }),
    }),
    route({
      method: 'get',
      path: '/api/v1/tokens',
      summary: 'Tokens that the command line made: whose they are and whether they are revoked',
      access: 'viewer',
      answers: [{ status: 200, description: 'The newest first. Nobody sees a token again.', schema: tokensAnswer }],
      handle: () => ({ json: { tokens: tokens().map(describeToken) } }),
    }),
  ];
}

function describePart({ part, isUp, count: restarts, failedAtMs, lastError }: PartState): PartDocument {
  const lastFailureAt = Number.isFinite(failedAtMs) ? new Date(failedAtMs).toISOString() : null;
  return { part, isUp, restarts, lastFailureAt, lastError: lastError ?? null };
}

function describeToken(token: StoredToken): z.input<typeof tokensAnswer>['tokens'][number] {
  const { tokenId, kind, subject, subdomains, createdMs, revokedMs } = token;
  const revoked = revokedMs === null ? null : new Date(revokedMs).toISOString();
  return {
    id: tokenId,
    kind,
    subject,
    subdomains: [...subdomains],
    created: new Date(createdMs).toISOString(),
    revoked,
  };
}
