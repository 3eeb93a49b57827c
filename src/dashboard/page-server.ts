/** Serves the pages: in their frame, their tables as CSV and JSON, and the stream of what changes in them. */
import { z } from 'zod';
import type { Principal } from '../control-api/principal.js';
import { Problem } from '../control-api/problem.js';
import { type Answer, type Browser, type Route, route } from '../control-api/route.js';
import type { Clock } from '../domain/clock.js';
import { html, type Markup } from '../markup/markup.js';
import type { ApiReader } from './api-reader.js';
import { doneInWords } from './forms.js';
import { cell } from './frame/cells.js';
import { framed, pageAnswer, type Viewer } from './frame/frame.js';
import type { QueryValues } from './frame/link.js';
import { EVENTS_PATH } from './frame/script.js';
import type { Table } from './frame/table.js';
import { timeRange } from './frame/time-range.js';
import { LiveUpdates } from './live-updates.js';
import { type Page, type PageContent, pathOf } from './page.js';
import { PageCalls } from './page-calls.js';
import { openAlarms } from './pages/alarms.js';

export interface PageServerNeeds {
  readonly clock: Clock;
  readonly api: ApiReader;
  /** The URL of the listener, for programs beside browsers. */
  readonly url: () => string;
  readonly pages: readonly Page[];
  /** Of a call that a page made and that failed. */
  readonly onDefect: (thrown: unknown, path: string) => void;
}

const frameQuery = z.object({
  range: timeRange,
  format: z.enum(['csv', 'json']).optional(),
  table: z.string().max(60).optional(),
  /** What a form has done: a key of its words. */
  done: z.string().max(200).optional(),
});
type FrameQuery = z.output<typeof frameQuery>;

interface Wanted {
  readonly page: Page;
  readonly params: unknown;
  readonly query: unknown;
  readonly range: FrameQuery['range'];
}

export function pageServer(needs: PageServerNeeds): Route[] {
  const { clock, pages } = needs;
  const load: Load = (wanted, viewer, api) => {
    const { params, query, range } = wanted;
    return wanted.page.load({ api, nowMs: clock.nowMs(), range, query, params, viewer, origin: needs.url() });
  };
  const updates = new LiveUpdates(clock);
  return [...pages.map((page) => pageRoute(page, needs, load)), eventsRoute(pages, needs, load, updates)];
}

type Load = (wanted: Wanted, viewer: Viewer, api: PageCalls) => Promise<PageContent | undefined>;

function pageRoute(page: Page, needs: PageServerNeeds, load: Load): Route {
  return route({
    method: 'get',
    path: page.path,
    summary: 'A page of the dashboard',
    access: 'viewer',
    forBrowsers: true,
    query: (page.query ?? z.object({})).extend(frameQuery.shape),
    ...(page.params === undefined ? {} : { params: page.params }),
    answers: [{ status: 200, description: 'HTML, CSV or JSON.' }],
    handle: async ({ query, params, principal, browser }) => {
      const { range, format, table, done } = frameQuery.parse(query);
      const viewer = viewerOf(principal, browser);
      const api = new PageCalls(needs.api);
      const content = await load({ page, params, query, range }, viewer, api);
      if (content === undefined && api.failures().length === 0) {
        throw new Problem('not-found', 'this tracker knows nothing of that');
      }
      if (format !== undefined) return fileAnswer(content ?? withoutAnswers(api), format, table);
      const alarms = await openAlarms(api);
      for (const { path, thrown } of api.failures()) needs.onDefect(thrown, path);
      const { title, body } = content ?? withoutAnswers(api);
      const { range: _range, format: _format, table: _table, done: _done, ...own } = query;
      return pageAnswer(
        framed({
          title,
          menu: page.menu,
          path: pathOf(page, (params ?? {}) as QueryValues),
          query: own as QueryValues,
          range,
          hasRange: page.hasRange,
          openAlarms: alarms.length,
          viewer,
          body: html`${failedCalls(api)}${body}`,
          done: doneInWords(done),
        }),
      );
    },
  });
}

/** Of a page whose subject is not known, because the call that knows it failed. */
function withoutAnswers(api: PageCalls): PageContent {
  if (api.failures().length === 0) throw new Error('only for a page whose calls failed');
  return { title: 'Not available now', body: '', tables: [] };
}

/** At the top of each page, also for boxes that have become empty while the page was open. */
function failedCalls(api: PageCalls): Markup {
  return cell('p', 'failed calls', api.failuresInWords(), { class: 'failed bad', role: 'status' });
}

function fileAnswer({ tables }: PageContent, format: 'csv' | 'json', id: string | undefined): Answer {
  const table: Table | undefined = id === undefined ? tables[0] : tables.find((each) => each.id === id);
  if (table === undefined) {
    const ids = tables.map((each) => each.id).join(', ');
    throw new Problem('not-found', `this page has no table "${id ?? ''}"${ids === '' ? '' : `; it has ${ids}`}`);
  }
  const file = { 'content-disposition': `attachment; filename="${table.id}.${format}"` };
  if (format === 'json') return { json: { [table.id]: table.json() } };
  return { text: { contentType: 'text/csv; charset=utf-8', body: table.csv() }, headers: file };
}

/** Who looks at a page. */
function viewerOf(principal: Principal | undefined, { formToken, sessionId }: Browser): Viewer {
  return {
    name: principal?.name ?? '',
    mayChange: principal?.kind === 'operator',
    formToken,
    hasSession: sessionId !== undefined && principal?.key !== '',
  };
}

function eventsRoute(pages: readonly Page[], needs: PageServerNeeds, load: Load, updates: LiveUpdates): Route {
  return route({
    method: 'get',
    path: EVENTS_PATH,
    summary: 'What changes in a page, as server-sent events',
    access: 'viewer',
    // Not a call for programs. A script whose session has ended gets 401, because it does not ask for HTML.
    forBrowsers: true,
    query: z.object({ page: z.string().max(4_000) }),
    answers: [{ status: 200, description: 'text/event-stream.' }],
    handle: ({ query, principal, browser }) => {
      const wanted = findPage(pages, query.page);
      if (wanted === undefined) throw new Problem('not-found', 'this page does not exist');
      const viewer = viewerOf(principal, browser);
      const render = async (): Promise<Markup | undefined> => {
        const api = new PageCalls(needs.api);
        const content = await load(wanted, viewer, api);
        const alarms = await openAlarms(api);
        const badge = cell('span', 'open alarms', alarms.length, {
          class: alarms.length === 0 ? 'badge none' : 'badge',
        });
        if (content === undefined && api.failures().length === 0) return undefined;
        return html`${badge}${failedCalls(api)}${content?.body ?? ''}`;
      };
      return { stream: updates.stream(`${principal?.kind} ${query.page}`, render, () => browser.isStillAllowed()) };
    },
  });
}

/** @param address path and query, as the browser has it */
function findPage(pages: readonly Page[], address: string): Wanted | undefined {
  if (!address.startsWith('/') || !URL.canParse(address, 'http://page.invalid')) return undefined;
  const { pathname, searchParams } = new URL(address, 'http://page.invalid');
  const given = Object.fromEntries(searchParams);
  for (const page of pages) {
    const found = new RegExp(`^${page.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`).exec(pathname);
    if (found === null) continue;
    const decoded = decodeAll(found.groups ?? {});
    const params = page.params === undefined ? undefined : page.params.safeParse(decoded);
    const query = (page.query ?? z.object({})).safeParse(given);
    if (params?.success === false || !query.success) return undefined;
    return { page, params: params?.data, query: query.data, range: frameQuery.shape.range.parse(given.range) };
  }
  return undefined;
}

function decodeAll(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    return {};
  }
}
