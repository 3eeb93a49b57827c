/** The first page: what needs attention, the numbers of the tracker, and what an operator can do at once. */
import { nounFor } from '../../domain/counted.js';
import { html, type Insertable, type Markup } from '../../markup/markup.js';
import { type BillingAnswer, billingAnswer } from '../../policy/api/billing-routes.js';
import { type DensityDocument, densityAnswer } from '../../reports/api/answer-schemas.js';
import { type ListedSwarm, swarmsAnswer } from '../../tracker/api/answer-schemas.js';
import { type PartDocument, partsAnswer } from '../api-routes.js';
import { cell } from '../frame/cells.js';
import { link, linkTo } from '../frame/link.js';
import { type HeatCell, heatMap, layerPlot, type Mark, sparkline } from '../frame/plot.js';
import { ago, bitRate, compact, known } from '../frame/show.js';
import { nameLink, type Table, table } from '../frame/table.js';
import { inWords, type TimeRange } from '../frame/time-range.js';
import { overviewAnswer } from '../overview.js';
import { page } from '../page.js';
import { marksOf, type SeriesOverTime, SPARK_POINTS, seriesOf, total } from '../series.js';
import { alarmBox, openAlarms } from './alarms.js';
import { operationBox } from './operation-box.js';
import { heatLevels, type Tile, tilesOf, withoutInnerSeed } from './overview-view.js';

const SWARMS_SEARCHED = 1_000;
/** So many swarms cost a few milliseconds of the tracker's thread, and those that lack a seed change slowly. */
const SWARMS_KEPT_MS = 10_000;
const SWARMS_SHOWN = 10;
/** A map of more squares is a carpet; the list has the others. */
const HEAT_CELLS = 2_000;

export const overviewPage = page({
  path: '/',
  menu: '/',
  hasRange: true,
  load: async ({ api, nowMs, range, viewer }) => {
    const overview = await api.get('/api/v1/overview', overviewAnswer);
    const billing = await api.get('/api/v1/billing', billingAnswer);
    const listed = await api.get('/api/v1/swarms', swarmsAnswer, {
      query: { limit: SWARMS_SEARCHED },
      keptMs: SWARMS_KEPT_MS,
    });
    const parts = await api.get('/api/v1/parts', partsAnswer);
    const density = await api.get('/api/v1/density', densityAnswer);
    const tiles = overview === undefined ? [] : tilesOf(overview);
    const recorded = new Map<string, SeriesOverTime>();
    for (const { series } of tiles) {
      const found = series && (await seriesOf(api, series, { range, nowMs, points: SPARK_POINTS }));
      if (series && found) recorded.set(series, found);
    }
    const given = await seriesOf(api, 'peersToInner', { range, nowMs });
    const marks = await marksOf(api, range, nowMs);
    const tables = [
      api.table('/api/v1/swarms', lackingTable(withoutInnerSeed(listed?.swarms ?? [], SWARMS_SHOWN), range)),
      api.table('/api/v1/parts', partsTable(parts?.parts ?? [], nowMs)),
    ];
    const [lacking, states] = tables.map((each) => each.markup('/', { range }));
    return {
      title: 'Overview',
      tables,
      body: html`<h2>Alarms</h2>
${alarmBox(await openAlarms(api), api)}
${api.box('/api/v1/overview', html`<ul class="tiles">${tiles.map((tile) => tileOf(tile, range, recorded))}</ul>`)}
${api.box('/api/v1/billing', hours(billing))}
${api.box('/api/v1/series', givenPlot(given, marks, range))}
<h2>Sub-domains</h2>
${api.box('/api/v1/density', heat(density?.subdomains ?? [], range))}
<h2>Torrents that lack an inner seed</h2>
${lacking!}
<h2>Pause and drain</h2>
${await operationBox(api, viewer, '/', nowMs)}
<h2>Parts of the program</h2>
${states!}`,
    };
  },
});

function tileOf(
  { id, value, what, window, path, series }: Tile,
  range: TimeRange,
  recorded: ReadonlyMap<string, SeriesOverTime>,
): Markup {
  const found = series === undefined ? undefined : recorded.get(series);
  const values = found && total(found);
  const [route, query] = path.split('?', 2);
  // The window of a tile that has its own, otherwise that of the page.
  const { range: own, ...rest } = Object.fromEntries(new URLSearchParams(query));
  const href = own === undefined ? linkTo(route!, range, rest) : link(route!, { ...rest, range: own });
  return html`<li class="tile"><a href="${href}">${cell('span', `tile ${id}`, value, { class: 'value' })}
${cell('span', `tile ${id} what`, what, { class: 'what' })}<span class="window">${window}</span></a>${values === undefined ? '' : sparkline(`spark ${id}`, values)}</li>`;
}

/** Peers given to inner clients, the inner ones at the bottom. */
function givenPlot(recorded: SeriesOverTime | undefined, marks: readonly Mark[], range: TimeRange): Markup {
  const order = (name: string): number => (name.startsWith('inner') ? 0 : 1);
  const layers = [...(recorded?.layers ?? [])].sort((a, b) => order(a.name) - order(b.name));
  const title = `Peers given to inner clients by tier, ${inWords(range)}`;
  return layerPlot({
    id: 'given',
    title,
    timesMs: recorded?.timesMs ?? [],
    layers,
    kind: 'stacked',
    marks,
    show: compact,
  });
}

/** What the hours allow to cross the border now. */
function hours(billing: BillingAnswer | undefined): Insertable {
  if (billing === undefined) return '';
  const { limits, ramp, summary } = billing;
  const gateways = limits.gatewaysMax === 0 ? 'no gateways' : `at most ${limits.gatewaysMax} gateways in a swarm`;
  const text = `Foreign peers in an answer: ${limits.foreignPeersMin} to ${limits.foreignPeersMax}, ${limits.foreignPeersWhenNoInnerSeed} for a gateway or without inner seeds; ${gateways}.`;
  return html`<h2>Hours</h2>${cell('p', 'hours', summary)}
${ramp === null ? '' : cell('meter', 'ramp', '', { 'aria-label': `the border is ${ramp.direction}`, min: 0, max: 100, value: ramp.percent })}
${cell('p', 'limits', text, { class: 'soft' })}`;
}

function heat(subdomains: readonly DensityDocument[], range: TimeRange): Markup {
  if (subdomains.length === 0) return html`<p class="soft">No probe has reported.</p>`;
  const levels = heatLevels(subdomains);
  const cells = subdomains.slice(0, HEAT_CELLS).map(({ id, bytesPerUserPerSecond }): HeatCell => {
    const level = levels.get(id) ?? null;
    const rate = known(bytesPerUserPerSecond, (value) => `${bitRate(value)} a user`);
    const text = `${id}: ${rate}${level === null ? ', counts as average' : ''}`;
    return { id, level, text, href: linkTo(`/subdomains/${encodeURIComponent(id)}`, range) };
  });
  const unknown = [...levels.values()].filter((level) => level === null).length;
  const sentence = `${compact(subdomains.length)} ${nounFor(subdomains.length, 'sub-domain')} reported; ${compact(unknown)} of them ${unknown === 1 ? 'counts' : 'count'} as average.`;
  return html`<p>${cell('span', 'heat sentence', sentence)} <a href="${linkTo('/subdomains', range)}">All sub-domains with their values</a></p>
${heatMap('heat', 'Traffic of a user, against the median of all sub-domains, now', cells)}`;
}

function lackingTable(rows: readonly ListedSwarm[], range: TimeRange): Table {
  return table({
    id: 'without-inner-seed',
    caption: 'Torrents that inner clients want and nobody inside has whole, now',
    rows,
    rowKey: ({ infoHash }) => infoHash,
    empty: 'None of the largest swarms lacks one.',
    columns: [
      {
        key: 'name',
        label: 'torrent',
        value: ({ name, infoHash }) => name ?? infoHash,
        show: ({ name, infoHash }) => nameLink(linkTo(`/torrents/${infoHash}`, range), name ?? infoHash),
      },
      { key: 'innerLeechers', label: 'inner leechers', numeric: true, value: ({ inner }) => inner.leechers },
      {
        key: 'imported',
        label: 'imported peers',
        numeric: true,
        value: ({ upstreamPeers }) => upstreamPeers,
        hint: 'from original trackers',
      },
      { key: 'gateways', label: 'gateways', numeric: true, value: ({ foreign }) => foreign.gateways },
      { key: 'gatewaysWanted', label: 'wanted', numeric: true, value: ({ foreign }) => foreign.gatewaysWanted },
    ],
  });
}

function partsTable(rows: readonly PartDocument[], nowMs: number): Table {
  return table({
    id: 'parts',
    caption: 'Parts of the program, since its start',
    rows,
    rowKey: ({ part }) => part,
    empty: 'Nothing is supervised.',
    columns: [
      { key: 'part', label: 'part', value: ({ part }) => part },
      {
        key: 'state',
        label: 'state',
        value: ({ isUp }) => (isUp ? 'runs' : 'restarts'),
        tone: ({ isUp }) => (isUp ? 'good' : 'bad'),
      },
      { key: 'restarts', label: 'restarts', numeric: true, value: ({ restarts }) => restarts },
      {
        key: 'lastFailureAt',
        label: 'last failure',
        value: ({ lastFailureAt }) => lastFailureAt,
        show: ({ lastFailureAt }) => known(lastFailureAt, (at) => ago(Date.parse(at), nowMs)),
      },
      { key: 'lastError', label: 'last error', value: ({ lastError }) => lastError },
    ],
  });
}
