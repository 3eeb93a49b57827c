/** What every page has: the menu with the number of open alarms, the time range, who is logged in, and the policy of its content. */
import { createHash } from 'node:crypto';
import type { Answer } from '../../control-api/route.js';
import { html, type Insertable, Markup } from '../../markup/markup.js';
import { cell } from './cells.js';
import { link, linkTo, type QueryValues } from './link.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import { inWords, TIME_RANGES, type TimeRange } from './time-range.js';

export const MENU = [
  ['/', 'Overview'],
  ['/torrents', 'Torrents'],
  ['/subdomains', 'Sub-domains'],
  ['/probes', 'Probes'],
  ['/redirection', 'Redirection'],
  ['/upstream', 'Upstream and caches'],
  ['/savings', 'Savings'],
  ['/explain', 'Explain'],
  ['/log', 'Log'],
] as const;
export type MenuPath = (typeof MENU)[number][0];

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const PAGE_CSP = [
  "default-src 'none'",
  `script-src ${hashOf(SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** `same-origin` rather than `no-referrer`, with which browsers send forms with `Origin: null`. */
const PAGE_HEADERS = { 'content-security-policy': PAGE_CSP, 'referrer-policy': 'same-origin' };

export interface Viewer {
  readonly name: string;
  readonly mayChange: boolean;
  /** Goes into forms. */
  readonly formToken: string;
  /** Whether there is a session that can be ended. */
  readonly hasSession: boolean;
}

export interface FramedPage {
  readonly title: string;
  readonly menu: MenuPath | undefined;
  readonly path: string;
  /** Of this page, without the time range. */
  readonly query: QueryValues;
  readonly range: TimeRange;
  /** Whether its numbers are of the time range. */
  readonly hasRange: boolean;
  readonly openAlarms: number;
  readonly viewer: Viewer;
  readonly body: Insertable;
  /** What a form of this page has just done. */
  readonly done?: string | undefined;
}

/** The content of a page without its frame follows the server; so do the cells of the frame. */
export function framed(page: FramedPage): Markup {
  const { title, menu, path, range, viewer, openAlarms, body, done } = page;
  const items = MENU.map(
    ([to, label]) =>
      html`<li><a href="${linkTo(to, range)}"${to === menu ? html` aria-current="page"` : ''}>${label}</a></li>`,
  );
  return document(
    title,
    html`<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="bar"><a class="brand" href="${linkTo('/', range)}">alias tracker</a>
<a href="${linkTo('/log', range)}#alarms">alarms ${cell('span', 'open alarms', openAlarms, { class: openAlarms === 0 ? 'badge none' : 'badge' })}</a>
${identity(viewer)}</div>
<div class="bar"><nav class="menu" aria-label="Menu"><ul>${items}</ul></nav>${page.hasRange ? ranges(path, page.query, range) : ''}</div></header>
<main id="main"><p id="stale" class="notice bad" role="status" hidden>The tracker does not answer. The numbers below are old. <a href="">Reload</a></p>
<p id="rows" class="notice" role="status" hidden><span></span>: <a href="">reload</a></p>
${done === undefined ? '' : html`<p class="notice" role="status">${done}</p>`}
<h1>${title}</h1>
${body}</main>
<footer><p><span id="updated"></span> <a href="${link(path, { ...page.query, range })}">Reload</a> · <a href="/metrics">Metrics</a> · <a href="/readyz">Readiness</a> · <a href="/api/v1/openapi.json">API</a></p></footer>`,
    true,
  );
}

function identity({ name, mayChange, formToken, hasSession }: Viewer): Markup {
  return html`<span class="soft">${name}${mayChange ? '' : ' (viewer)'}</span>${hasSession ? html`<form method="post" action="/logout"><input type="hidden" name="csrf" value="${formToken}"><button class="second">Log out</button></form>` : ''}`;
}

function ranges(path: string, query: QueryValues, range: TimeRange): Markup {
  return html`<nav aria-label="Time range"><ul>${TIME_RANGES.map((each) => html`<li><a href="${link(path, { ...query, range: each })}" title="${inWords(each)}"${each === range ? html` aria-current="true"` : ''}>${each}</a></li>`)}</ul></nav>`;
}

/** @param isLive whether the script follows the server */
export function document(title: string, body: Markup, isLive: boolean, head: Markup | '' = ''): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">${head}
<title>${title} – alias tracker</title>
<style>${new Markup(STYLE)}</style>
</head>
<body${isLive ? html` data-live="yes"` : ''}>
${body}
${isLive ? html`<script>${new Markup(SCRIPT)}</script>` : ''}
</body>
</html>
`;
}

export function pageAnswer(markup: Markup, status = 200): Answer {
  return {
    status,
    text: { contentType: 'text/html; charset=utf-8', body: markup.text },
    headers: PAGE_HEADERS,
  };
}
