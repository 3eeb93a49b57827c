/** The calls by which an operator pauses, resumes and drains, and sees what is in force. */
import { z } from 'zod';
import { count, name, time } from '../../control-api/field-schemas.js';
import { type Route, route } from '../../control-api/route.js';
import type { Clock } from '../../domain/clock.js';
import { PAUSABLE, PAUSES, type PauseName } from '../pauses.js';
import type { RunningOperation } from '../running-operation.js';

export const OPERATION_PATH = '/api/v1/operation';
export const PAUSE_PATH = '/api/v1/pause';
export const RESUME_PATH = '/api/v1/resume';
export const DRAIN_PATH = '/api/v1/drain';

/** A pause that is meant to be longer lasts until it is resumed. */
export const MAX_PAUSE_SECONDS = 366 * 86_400;

const pause = z.strictObject({
  paused: z.boolean(),
  since: time.nullable(),
  until: time.nullable().meta({ description: 'null: until resumed' }),
  by: name.nullable(),
});

export const operationAnswer = z
  .strictObject({
    redirection: pause,
    localisation: pause,
    drain: z.strictObject({
      draining: z.boolean(),
      since: time.nullable(),
      by: name.nullable(),
      announces: count.nullable().meta({ description: 'since the drain began, or since the program started' }),
      lastAnnounceAt: time.nullable(),
      quiet: z.boolean().meta({ description: 'no client has announced for a whole `tracker.interval`' }),
    }),
  })
  .meta({ title: 'Operation' });
export type OperationAnswer = z.output<typeof operationAnswer>;

const pauseBody = z.strictObject({
  what: z.enum(PAUSABLE),
  forSeconds: z
    .int()
    .min(1)
    .max(MAX_PAUSE_SECONDS)
    .nullable()
    .default(null)
    .meta({ description: 'null: until resumed' }),
});
const resumeBody = z.strictObject({
  what: z.enum(PAUSES).optional().meta({ description: 'default: all that is paused, and the drain' }),
});
const resumeAnswer = operationAnswer.extend({ resumed: z.array(z.enum(PAUSES)) }).meta({ title: 'Resumed' });
export type ResumeAnswer = z.output<typeof resumeAnswer>;

export function operationRoutes(running: () => RunningOperation, clock: Clock): Route[] {
  const state = () => operationDocument(running());
  const answers = [{ status: 200, description: 'What is in force now.', schema: operationAnswer }];
  return [
    route({
      method: 'get',
      path: OPERATION_PATH,
      summary: 'What is paused, since when, until when and by whom',
      access: 'viewer',
      answers,
      handle: () => ({ json: state() }),
    }),
    route({
      method: 'post',
      path: PAUSE_PATH,
      summary: 'Pauses the redirection or the localisation, for some time or until resumed',
      access: 'operator',
      audit: { action: 'pause', subject: ({ body }) => body.what },
      body: pauseBody,
      answers,
      handle: ({ body: { what, forSeconds }, principal }) => {
        const untilMs = forSeconds === null ? null : clock.nowMs() + forSeconds * 1_000;
        running().pauses.begin(what, untilMs, principal!.name);
        return { json: state() };
      },
    }),
    route({
      method: 'post',
      path: RESUME_PATH,
      summary: 'Ends a pause or the drain',
      access: 'operator',
      audit: { action: 'resume', subject: ({ body }) => body.what ?? 'all' },
      body: resumeBody,
      answers: [{ status: 200, description: '`resumed` lists what was paused until now.', schema: resumeAnswer }],
      handle: ({ body: { what }, principal }) => {
        const { pauses } = running();
        const resumed = (what === undefined ? PAUSES : [what]).filter((each) => pauses.end(each, principal!.name));
        return { json: { ...state(), resumed } };
      },
    }),
    route({
      method: 'post',
      path: DRAIN_PATH,
      summary: 'Withdraws the redirections and lets load balancers leave; announces are still answered',
      access: 'operator',
      audit: { action: 'drain' },
      body: z.strictObject({}),
      answers,
      handle: ({ principal }) => {
        running().pauses.begin('drain', null, principal!.name);
        running().check();
        return { json: state() };
      },
    }),
  ];
}

function operationDocument({ pauses, drain }: RunningOperation): OperationAnswer {
  const timeOf = (ms: number | null | undefined): string | null => (ms == null ? null : new Date(ms).toISOString());
  const ofPause = (what: PauseName) => {
    const found = pauses.of(what);
    return { since: timeOf(found?.sinceMs), until: timeOf(found?.untilMs), by: found?.actor ?? null };
  };
  const { since, by } = ofPause('drain');
  return {
    redirection: { paused: pauses.of('redirection') !== undefined, ...ofPause('redirection') },
    localisation: { paused: pauses.of('localisation') !== undefined, ...ofPause('localisation') },
    drain: {
      draining: pauses.of('drain') !== undefined,
      ...{ since, by },
      announces: drain?.announces ?? null,
      lastAnnounceAt: timeOf(drain?.lastAnnounceMs),
      quiet: drain?.isQuiet ?? false,
    },
  };
}
