/** The forms of the pages: each makes one call of the API in the name of the operator, and says afterwards what was done. */
import { z } from 'zod';
import { localPath } from '../control-api/local-path.js';
import { seeOther } from '../control-api/login-routes.js';
import { Problem } from '../control-api/problem.js';
import { type Route, route } from '../control-api/route.js';
import { html, type Insertable, type Markup } from '../markup/markup.js';
import type { ApiReader } from './api-reader.js';
import type { Viewer } from './frame/frame.js';

interface Action {
  readonly path: string;
  /** What the page says afterwards. */
  readonly done: string;
  readonly fields: z.ZodObject;
  /** @param fields checked by the schema */
  body(fields: Readonly<Record<string, unknown>>): unknown;
  /** Fields that are in the path of the call. */
  readonly params?: readonly string[];
}

const what = z.enum(['redirection', 'localisation']);
/** A number of seconds, or until somebody resumes. */
const forSeconds = z.union([z.literal('').transform(() => null), z.coerce.number().int().min(1).max(86_400)], {
  error: 'expected whole seconds from 1 to 86400, or nothing for “until resumed”',
});

/** By the name in the address of the form. */
const ACTIONS = {
  pause: {
    path: '/api/v1/pause',
    done: 'Paused.',
    fields: z.object({ what, forSeconds }),
    body: (fields) => ({ what: fields.what, forSeconds: fields.forSeconds }),
  },
  resume: {
    path: '/api/v1/resume',
    done: 'Resumed.',
    fields: z.object({ what: z.enum([...what.options, 'drain']) }),
    body: (fields) => ({ what: fields.what }),
  },
  drain: { path: '/api/v1/drain', done: 'The tracker drains.', fields: z.object({}), body: () => ({}) },
  release: {
    path: '/api/v1/probes/{probe}/release',
    done: 'Released: the next value of this probe is accepted.',
    fields: z.object({ probe: z.string().max(200) }),
    body: () => undefined,
    params: ['probe'],
  },
  'drain-cache': {
    path: '/api/v1/caches/{name}/drain',
    done: 'The cache is taken out.',
    fields: z.object({ name: z.string().max(200) }),
    body: () => ({}),
    params: ['name'],
  },
  'put-back-cache': {
    path: '/api/v1/caches/{name}/drain',
    done: 'The cache is put back.',
    fields: z.object({ name: z.string().max(200) }),
    body: () => ({ undo: true }),
    params: ['name'],
  },
} as const satisfies Record<string, Action>;

export type ActionName = keyof typeof ACTIONS;

function isActionName(text: string): text is ActionName {
  return Object.hasOwn(ACTIONS, text);
}

/** @returns undefined if it names no action */
export function doneInWords(action: string | undefined): string | undefined {
  return action !== undefined && isActionName(action) ? ACTIONS[action].done : undefined;
}

export function formRoutes(api: ApiReader): Route[] {
  const back = z.string().max(4_000).optional();
  return Object.entries(ACTIONS as Readonly<Record<string, Action>>).map(([name, action]) =>
    route({
      method: 'post',
      path: `/do/${name}`,
      summary: 'A form of the dashboard',
      access: 'operator',
      forBrowsers: true,
      form: true,
      body: action.fields.extend({ back }),
      answers: [{ status: 303, description: 'Back to the page.' }],
      handle: async ({ body, principal, callerAddress }) => {
        if (principal === undefined) throw new Problem('unauthorised', 'log in first');
        const fields: Readonly<Record<string, unknown>> = { ...body };
        const params = Object.fromEntries((action.params ?? []).map((each) => [each, String(fields[each])]));
        await api.post(action.path, action.body(fields), { principal, callerAddress }, params);
        const page = new URL(
          localPath(typeof fields.back === 'string' ? fields.back : undefined),
          'http://page.invalid',
        );
        page.searchParams.set('done', name);
        return seeOther(page.pathname + page.search);
      },
    }),
  );
}

export interface FormDefinition {
  readonly action: ActionName;
  /** The page that it belongs to, where the browser returns to. */
  readonly back: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly button: string;
  readonly tone?: 'second' | 'danger';
  /** Between the fields and the button. */
  readonly inputs?: Insertable;
}

/** Nothing for viewers, who may not send it, and where this tracker lacks the call. */
export function form(definition: FormDefinition, viewer: Viewer, api: Pick<ApiReader, 'has'>): Markup | '' {
  const { action, back, fields = {}, button, tone, inputs = '' } = definition;
  if (!viewer.mayChange || !api.has('post', ACTIONS[action].path)) return '';
  const hidden = Object.entries({ csrf: viewer.formToken, back, ...fields });
  return html`<form class="line" method="post" action="/do/${action}">${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}${inputs}<button${tone === undefined ? '' : html` class="${tone}"`}>${button}</button></form>`;
}
