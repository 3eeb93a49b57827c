/** A page as a value: its address, and how it is made of what the API answers. */
import type { z } from 'zod';
import type { Insertable } from '../markup/markup.js';
import type { MenuPath, Viewer } from './frame/frame.js';
import type { QueryValues } from './frame/link.js';
import type { Table } from './frame/table.js';
import type { TimeRange } from './frame/time-range.js';
import type { PageCalls } from './page-calls.js';

export interface PageRequest<Query, Params> {
  readonly api: PageCalls;
  readonly nowMs: number;
  readonly range: TimeRange;
  readonly query: Query;
  readonly params: Params;
  readonly viewer: Viewer;
  /** Of this tracker, as the reader's browser calls it, without a slash at its end. */
  readonly origin: string;
}

export interface PageContent {
  readonly title: string;
  readonly body: Insertable;
  /** Those of the body, which CSV and JSON are made of. */
  readonly tables: readonly Table[];
}

export interface Page {
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly menu: MenuPath;
  /** Whether it shows numbers of the time range. */
  readonly hasRange: boolean;
  readonly query: z.ZodObject | undefined;
  readonly params: z.ZodObject | undefined;
  /** @returns undefined if what it should show does not exist */
  load(request: PageRequest<unknown, unknown>): Promise<PageContent | undefined>;
}

/** A page whose `load` has the types of its schemas. */
export function page<Query = undefined, Params = undefined>(definition: {
  path: string;
  menu: MenuPath;
  hasRange?: boolean;
  query?: z.ZodObject & z.ZodType<Query>;
  params?: z.ZodObject & z.ZodType<Params>;
  load(request: PageRequest<Query, Params>): Promise<PageContent | undefined>;
}): Page {
  return {
    path: definition.path,
    menu: definition.menu,
    hasRange: definition.hasRange ?? false,
    query: definition.query,
    params: definition.params,
    // Safe: the values come from the schemas that have these types.
    load: (request) => definition.load(request as PageRequest<Query, Params>),
  };
}

/** The path of a page with its parameters in place. */
export function pathOf({ path }: Pick<Page, 'path'>, params: QueryValues): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name] ?? '')));
}
