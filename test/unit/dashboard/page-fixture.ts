/** Pages over calls that a test answers itself, without a listener. */
import { z } from 'zod';
import { NO_BROWSER, type Route, route } from '../../../src/control-api/route.js';
import { dashboardRoutes } from '../../../src/dashboard/dashboard.js';

export const NOW = Date.parse('2026-11-25T10:00:00Z');

/** What each call answers, by its path; a function may throw. */
export type Answers = Readonly<Record<string, () => unknown>>;

export interface ShownPage {
  readonly html: string;
  readonly defects: readonly unknown[];
}

/** @param query of the page, also `format` and `table` */
export async function showPage(
  path: string,
  answers: Answers,
  query: Readonly<Record<string, string>> = {},
  params: Readonly<Record<string, string>> = {},
): Promise<ShownPage> {
  const defects: unknown[] = [];
  const routes = Object.entries(answers).map(([each, answer]) => answering(each, answer));
  const pages = dashboardRoutes({
    clock: { nowMs: () => NOW },
    onAction: () => {},
    onDefect: (thrown) => defects.push(thrown),
    routes,
    url: () => 'http://127.0.0.1:8090',
  });
  const page = pages.find((each) => each.method === 'get' && each.path === path);
  if (page === undefined) throw new Error(`no page ${path}`);
  const answer = await page.handle({
    body: undefined,
    query: page.query?.parse(query),
    params: page.params?.parse(params),
    principal: { kind: 'operator', name: 'operator', key: 'operator' },
    callerAddress: '127.0.0.1',
    browser: NO_BROWSER,
  });
  return { html: answer.text?.body.toString() ?? JSON.stringify(answer.json), defects };
}

/** Any query, because the pages are tested here, not the calls. */
function answering(path: string, answer: () => unknown): Route {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, z.string()] as const);
  return route({
    method: 'get',
    path,
    summary: 'of a test',
    access: 'viewer',
    query: z.looseObject({}),
    ...(names.length === 0 ? {} : { params: z.object(Object.fromEntries(names)) }),
    answers: [],
    handle: () => ({ json: JSON.parse(JSON.stringify(answer())) }),
  });
}
