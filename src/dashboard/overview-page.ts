/**
 * The operator's page. The server renders all of it. A short script (`refresh-script`) fetches the changing part again
 * every two seconds. The page loads nothing from other sites, and text that strangers wrote is escaped.
 */

import { createHash } from 'node:crypto';
import type { CacheStatus } from '../caches/api/cache-routes.js';
import type { Document } from '../control-api/route.js';
import { counted, nounFor } from '../domain/counted.js';
import { html, Markup } from '../markup/markup.js';
import type { SubdomainDensity } from '../reports/density-of-subdomain.js';
import type { ProbeView } from '../reports/reports-service.js';
import type { HoursInWords } from '../selection/hours-in-words.js';
import type { Overview } from './overview.js';
import { REFRESH_SCRIPT } from './refresh-script.js';

export interface PageContent {
  readonly overview: Overview;
  readonly probes: readonly ProbeView[];
  readonly densities: ReadonlyMap<string, SubdomainDensity>;
  readonly capabilityNodes: number;
  readonly swarms: readonly Document[];
  readonly hours: HoursInWords;
  readonly caches: readonly CacheStatus[];
  readonly notReady: readonly string[];
  readonly alarms: readonly string[];
  readonly nowMs: number;
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --good: #1a7f4b; --bad: #c0392b }
* { box-sizing: border-box }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem 1.25rem 3rem }
h1 { font-size: 1.25rem; margin: 0 0 1rem } h2 { font-size: 1rem; margin: 2rem 0 .5rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem }
.tile { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem }
.tile b { display: block; font-size: 1.6rem; font-variant-numeric: tabular-nums } .tile span { opacity: .75 }
meter { display: block; width: 100%; height: .7rem; margin-top: .2rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.n, th.n { text-align: right } .bad { color: var(--bad); font-weight: 600 } .good { color: var(--good) }
.note { opacity: .75; font-size: .9rem } code { font-size: .85rem } footer { margin-top: 2rem }
#stale[hidden] { display: none }`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export const PAGE_CSP = [
  "default-src 'none'",
  `script-src ${hashOf(REFRESH_SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function renderPage(content: PageContent): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>alias tracker</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>alias tracker</h1>
<p id="stale" class="bad" role="status" hidden>The tracker does not answer. The numbers below are old.</p>
<main id="now">${renderFragment(content)}</main>
<footer class="note">
<a href="/metrics">metrics</a> · <a href="/readyz">readiness</a> · <a href="/api/v1/openapi.json">API</a>
</footer>
<script>${raw(REFRESH_SCRIPT)}</script>
</body>
</html>
`.text;
}

/** The part that changes. */
export function renderFragment(content: PageContent): Markup {
  const { notReady, alarms, overview } = content;
  const alarmLines = alarms.map((alarm) => html`<p class="bad" data-key="alarm ${alarm}">Alarm: ${alarm}</p>`);
  return html`
${notReady.map((reason) => html`<p class="bad" data-key="not ready ${reason}">Not ready: ${reason}</p>`)}
${alarmLines}
<section class="tiles" data-key="tiles">${tiles(overview)}</section>
${overview.savings ? html`<p class="note" data-key="savings">Savings: ${overview.savings.basis}.</p>` : ''}
<h2 data-key="hours">Hours</h2>
${hoursBox(content.hours)}
<h2 data-key="swarms">Largest swarms</h2>
${swarmTable(content.swarms)}
${cachesBox(content.caches)}
<h2 data-key="sub-domains">Sub-domains</h2>
${densityTable(content.densities)}
<h2 data-key="probes">Probes</h2>
${probeTable(content.probes, content.nowMs)}
<p class="note" data-key="nodes">Nodes that have reported their capability: ${content.capabilityNodes}.</p>`;
}

function tiles(overview: Overview): Markup[] {
  const { innerShare, announcesPerSecond, savings } = overview;
  const share = innerShare === null ? null : Math.round(innerShare * 100);
  return [
    html`<div class="tile"><b>${share === null ? '–' : `${share} %`}</b><span>of the peers given to inner clients are inner</span>
<meter min="0" max="100" value="${share ?? 0}"></meter></div>`,
    tile(announcesPerSecond === null ? '…' : compact(announcesPerSecond), 'announces a second'),
    tile(compact(overview.swarms), nounFor(overview.swarms, 'swarm')),
    tile(
      compact(overview.peers),
      `${nounFor(overview.peers, 'peer')}, ${compact(overview.seeds)} of them ${nounFor(overview.seeds, 'seed')}`,
    ),
    tile(savings === null ? '–' : `${compact(savings.amount)} ${savings.currency}`, 'saved, estimated'),
    tile(savings === null ? '–' : `${compact(savings.bytesInside / 1e9)} GB`, 'kept inside, estimated'),
  ];
}

function tile(value: string, label: string): Markup {
  return html`<div class="tile"><b>${value}</b><span>${label}</span></div>`;
}

/** What the hours allow to cross the border now. */
function hoursBox({ summary, limits, ramp }: HoursInWords): Markup {
  const { foreignPeersMin, foreignPeersMax, foreignPeersWhenNoInnerSeed, gatewaysMax } = limits;
  const gateways = gatewaysMax === 0 ? 'no gateways' : `at most ${counted(gatewaysMax, 'gateway')} in a swarm`;
  return html`<p data-key="period">${summary}</p>
${ramp ? html`<meter data-key="ramp" aria-label="${ramp.direction}" min="0" max="100" value="${ramp.percent}"></meter>` : ''}
<p class="note" data-key="limits">Foreign peers in an answer: ${foreignPeersMin} to ${foreignPeersMax}, ${foreignPeersWhenNoInnerSeed} for a gateway or without inner seeds; ${gateways}.</p>`;
}

function swarmTable(swarms: readonly Document[]): Markup {
  if (swarms.length === 0) return html`<p class="note" data-key="no swarms">Nobody has announced yet.</p>`;
  const number = (value: unknown): string => (typeof value === 'number' ? compact(value) : '–');
  const rows = swarms.map(
    (
      swarm,
    ) => html`<tr data-key="${String(swarm.infoHash)}"><td>${typeof swarm.name === 'string' ? swarm.name : ''} <code>${String(swarm.infoHash)}</code></td>
<td class="n">${number(swarm.seeds)}</td><td class="n">${number(swarm.leechers)}</td>
<td class="n">${number(innerOf(swarm))}</td><td class="n">${number(swarm.upstreamPeers)}</td>
<td class="n">${number(foreignOf(swarm).peersMax)}</td><td class="n">${gatewaysOf(swarm)}</td>
<td class="n">${number(swarm.completed)}</td></tr>`,
  );
  return html`${scroll('Largest swarms')}<table><thead><tr><th>torrent</th><th class="n">seeds</th><th class="n">leechers</th>
<th class="n">inside</th><th class="n" title="known from original trackers only; not among the others">imported</th>
<th class="n" title="how many foreign peers the inner leechers are given now, all together">foreign, at most</th>
<th class="n">gateways (wanted)</th><th class="n">completed</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Peers of the operator's own networks. */
function innerOf(swarm: Document): number | undefined {
  const { seeds, leechers } = (swarm.inner ?? {}) as { seeds?: unknown; leechers?: unknown };
  return typeof seeds === 'number' && typeof leechers === 'number' ? seeds + leechers : undefined;
}

function foreignOf(swarm: Document): { peersMax?: unknown; gateways?: unknown; gatewaysWanted?: unknown } {
  return swarm.foreign ?? {};
}

function gatewaysOf(swarm: Document): string {
  const { gateways, gatewaysWanted } = foreignOf(swarm);
  return typeof gateways === 'number' ? `${gateways} (${String(gatewaysWanted)})` : '–';
}

/** Nothing without caches. */
function cachesBox(caches: readonly CacheStatus[]): Markup | string {
  if (caches.length === 0) return '';
  const rows = caches.slice(0, MAX_ROWS).map(({ name, health, client, torrents, window, ...bytes }) => {
    const state = health === 'up' ? 'good' : health === 'down' ? 'bad' : 'note';
    return html`<tr data-key="${name}"><td>${name}</td><td class="${state}">${health}</td><td>${client ?? '–'}</td>
<td class="n">${compact(torrents.serving)}</td><td class="n">${compact(torrents.filling)}</td>
<td class="n">${compact(bytes.heldBytes)}B of ${compact(bytes.quotaBytes)}B</td><td class="n">${compact(bytes.uploadedBytes)}B</td>
<td>${window.open ? 'may fetch' : 'serves only'}</td></tr>`;
  });
  return html`<h2 data-key="caches">Caches</h2>
${scroll('Caches')}<table><thead><tr><th>cache</th><th>health</th><th>client</th><th class="n">serving</th><th class="n">filling</th>
<th class="n">held</th><th class="n">served</th><th>now</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Rows of a table, the busiest first. The API lists all. */
const MAX_ROWS = 50;

function densityTable(densities: ReadonlyMap<string, SubdomainDensity>): Markup {
  if (densities.size === 0) return html`<p class="note" data-key="no densities">No probe has reported.</p>`;
  const sorted = [...densities].sort(
    ([, a], [, b]) => (b.bytesPerUserPerSecond ?? -1) - (a.bytesPerUserPerSecond ?? -1),
  );
  const rows = sorted.slice(0, MAX_ROWS).map(([id, density]) => {
    const rate = density.bytesPerUserPerSecond;
    const age = density.freshness === 1 ? '' : density.freshness === 0 ? 'bad' : 'note';
    return html`<tr data-key="${id}"><td>${id}</td><td class="n">${rate === null ? 'users unknown' : `${compact(rate * 8)}bit/s`}</td>
<td class="n">${density.users === null ? '–' : compact(density.users)}</td>
<td class="n ${age}">${ageText(density.ageSeconds)}${density.freshness === 0 ? ', neutral' : ''}</td></tr>`;
  });
  return html`${scroll('Sub-domains')}<table><thead><tr><th>sub-domain</th><th class="n">per user</th><th class="n">users</th>
<th class="n">age</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function probeTable(probes: readonly ProbeView[], nowMs: number): Markup {
  if (probes.length === 0) return html`<p class="note" data-key="no probes">The configuration names no probes.</p>`;
  // Those with alarms come first.
  const sorted = [...probes].sort((a, b) => Number(b.alarms.length > 0) - Number(a.alarms.length > 0));
  const rows = sorted.slice(0, MAX_ROWS).map((probe) => {
    const alarms = probe.alarms.map(
      (alarm) => html`<div data-key="${alarm.kind}"><span class="bad">${alarm.kind}</span> ${alarm.detail}</div>`,
    );
    const last = probe.lastReceivedMs === null ? 'never' : `${ageText((nowMs - probe.lastReceivedMs) / 1000)} ago`;
    const state = alarms.length === 0 ? html`<span class="good">ok</span>` : html`${alarms}`;
    return html`<tr data-key="${probe.probe}"><td>${probe.probe}</td><td>${probe.subdomains.join(', ')}</td><td class="n">${last}</td>
<td>${state}</td></tr>`;
  });
  return html`${scroll('Probes')}<table><thead><tr><th>probe</th><th>reports on</th><th class="n">last report</th>
<th>state</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** The start tag around a table, which may be wider than the screen. The keyboard can focus and scroll it. */
function scroll(label: string): Markup {
  return html`<div class="scroll" data-key="table ${label}" role="region" aria-label="${label}" tabindex="0">`;
}

function raw(text: string): Markup {
  return new Markup(text);
}

function ageText(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** 1234567 → `1.23 M` */
function compact(value: number): string {
  const [divisor, unit] =
    value >= 1e12
      ? [1e12, ' T']
      : value >= 1e9
        ? [1e9, ' G']
        : value >= 1e6
          ? [1e6, ' M']
          : value >= 1e4
            ? [1e3, ' k']
            : [1, ''];
  const scaled = value / divisor;
  return `${Number.isInteger(scaled) ? scaled : Number(scaled.toPrecision(3))}${unit}`;
}
