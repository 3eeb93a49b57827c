/** Liveness and readiness: open to everybody, because load balancers and init systems have no tokens. */
import { z } from 'zod';
import { type Route, route } from './route.js';

export interface Readiness {
  /** Why it is not ready, one line for each reason; empty if it is ready. */
  reasons(): readonly string[];
  /** The operator wants it to get no new traffic. */
  isDraining?(): boolean;
  /** What needs attention although it is ready, one line each. */
  alarms?(): readonly string[];
}

const healthAnswer = z.strictObject({ status: z.literal('ok') });
const readinessAnswer = z.strictObject({
  status: z.enum(['ready', 'not ready', 'draining']),
  reasons: z.array(z.string()).meta({ description: 'why it is not ready; empty if it is' }),
  alarms: z.array(z.string()).meta({ description: 'what needs attention although it is ready' }),
});

export function healthRoutes(readiness: Readiness): Route[] {
  return [
    route({
      method: 'get',
      path: '/healthz',
      summary: 'Whether the process answers',
      access: 'anyone',
      answers: [{ status: 200, description: 'It does.', schema: healthAnswer }],
      handle: () => ({ json: { status: 'ok' } }),
    }),
    route({
      method: 'get',
      path: '/readyz',
      summary: 'Whether it should get traffic, and why not',
      access: 'anyone',
      answers: [
        {
          status: 200,
          description: 'Ready. `alarms` lists what needs attention.',
          schema: readinessAnswer,
        },
        { status: 503, description: 'Not ready. `reasons` says why.', schema: readinessAnswer },
      ],
      handle: () => {
        const reasons = readiness.reasons();
        const ready = reasons.length === 0;
        const alarms = readiness.alarms?.() ?? [];
        const status = ready ? 'ready' : readiness.isDraining?.() ? 'draining' : 'not ready';
        return { status: ready ? 200 : 503, json: { status, reasons, alarms } };
      },
    }),
  ];
}
