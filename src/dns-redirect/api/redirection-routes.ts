/** The calls that show which names are redirected now, and that start a drill, which treats a target as dead. */
import { z } from 'zod';
import { address, canonicalAddress } from '../../control-api/field-schemas.js';
import { type Document, type Route, route, switchedOn } from '../../control-api/route.js';
import type { Drill } from '../health/health-messages.js';
import type { RedirectionOff } from '../health/running-health.js';
import { REDIRECT_TARGETS, type RedirectTarget } from '../redirect-policy.js';

/** Long enough to see the withdrawal in resolvers, short enough that a forgotten one does little harm. */
export const MAX_DRILL_SECONDS = 300;

export interface RedirectionView {
  redirections(): Promise<readonly Document[]>;
  readonly mode: string;
  drills(): readonly Drill[];
  /** Why nothing is redirected now: a pause or a drain. */
  off(): RedirectionOff | undefined;
  /** @param seconds 0: ends it. @throws ClientError `unprocessable` while the health checks are off */
  drill(target: RedirectTarget, seconds: number): void;
  /** What a client gets for a name now. @throws ClientError `bad-request` if it is not a name */
  test(name: string, client: string): RedirectionTest;
}

export type RedirectionTest = z.output<typeof testAnswer>;

/** @param view undefined if the DNS redirection is switched off: the calls answer 404 and say so */
export function redirectionRoutes(view: RedirectionView | undefined): Route[] {
  const running = (): RedirectionView => switchedOn(view, 'the DNS redirection');
  const shown = async () => ({
    mode: running().mode,
    off: offDocument(running().off()),
    drills: running()
      .drills()
      .map(({ target, untilMs }) => ({ target, until: new Date(untilMs).toISOString() })),
    redirections: [...(await running().redirections())],
  });
  return [
    route({
      method: 'get',
      path: '/api/v1/redirections',
      summary: 'Names that the DNS redirection answers, and whether it does now',
      access: 'viewer',
      answers: [{ status: 200, description: 'One entry for each name.', schema: redirectionsAnswer }],
      handle: async () => ({ json: await shown() }),
    }),
    route({
      method: 'get',
      path: '/api/v1/redirections/test',
      summary: 'What a client gets for a name now, and why',
      access: 'viewer',
      query: z.object({ name: z.string().min(1).max(255), client: address }),
      answers: [
        {
          status: 200,
          description: 'By the names, clients, pauses and health in force. The client of a resolver is the resolver.',
          schema: testAnswer,
        },
      ],
      handle: ({ query }) => ({ json: running().test(query.name, canonicalAddress(query.client)) }),
    }),
    route({
      method: 'post',
      path: '/api/v1/redirections/drill',
      summary: 'Take a target for dead for a while, to prove that its names are forwarded then',
      access: 'operator',
      audit: { action: 'redirection-drill', subject: ({ body }) => body.target },
      body: drillBody,
      answers: [
        { status: 200, description: 'As GET /api/v1/redirections. It ends by itself.', schema: redirectionsAnswer },
      ],
      handle: async ({ body }) => {
        running().drill(body.target, body.seconds);
        return { json: await shown() };
      },
    }),
  ];
}

const target = z.enum(REDIRECT_TARGETS);

const drillBody = z.strictObject({
  target,
  seconds: z.int().min(0).max(MAX_DRILL_SECONDS).meta({ description: '0 ends a drill' }),
});

const check = z.strictObject({
  url: z.string(),
  up: z.boolean().nullable().meta({ description: 'null before the first result' }),
  reason: z.string().nullable(),
});

export const testAnswer = z.strictObject({
  name: z.string(),
  client: z.string(),
  redirected: z.boolean().meta({ description: 'whether a question for A or AAAA gets our addresses' }),
  addresses: z.array(z.string()).meta({ description: 'ours that it gets; empty: it gets those of the original' }),
  because: z
    .enum(['not-listed', 'client', 'percent', 'schedule', 'withdrawn', 'paused', 'shadow'])
    .nullable()
    .meta({ description: 'why it gets the original' }),
});

export const redirectionsAnswer = z.strictObject({
  mode: z.enum(['redirect', 'shadow']),
  off: z
    .strictObject({ text: z.string(), until: z.iso.datetime().nullable().meta({ description: 'null: until resumed' }) })
    .nullable()
    .meta({ description: 'why nothing is redirected, while an operator has paused it or drains the tracker' }),
  drills: z.array(z.strictObject({ target, until: z.iso.datetime() })),
  redirections: z.array(
    z.strictObject({
      name: z.string(),
      target,
      active: z.boolean().meta({ description: 'false while its target does not serve its users, and during a pause' }),
      problem: z.string().nullable().meta({ description: 'why it is not redirected, or not to all addresses' }),
      addresses: z.array(z.string()),
      health: z
        .array(z.strictObject({ address: z.string(), up: z.boolean(), checks: z.array(check) }))
        .meta({ description: 'by address; empty while healthChecks is off' }),
      ttlSeconds: z.int(),
    }),
  ),
});

function offDocument(off: RedirectionOff | undefined): z.output<typeof redirectionsAnswer>['off'] {
  if (off === undefined) return null;
  return { text: off.text, until: off.untilMs === null ? null : new Date(off.untilMs).toISOString() };
}
