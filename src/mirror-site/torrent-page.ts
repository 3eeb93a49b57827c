/** The page of one torrent: its links, what is known of it, where it was found, its files. */
import { encode } from 'uqr';
import type { TorrentKind } from '../domain/torrent-kind.js';
import { html, Markup } from '../markup/markup.js';
import { type PopularitySample, SWARM_SAMPLE_MS, type SwarmSample } from '../store/sqlite/catalogue-history.js';
import type { CatalogueTorrent, Offer } from '../store/sqlite/catalogue-torrent.js';
import type { TorrentNotes } from '../wire/metainfo-notes.js';
import { fileTree, MAX_FILES_SHOWN } from './file-tree.js';
import type { SwarmCounts } from './inner-counts.js';
import { type Page, page, type SiteView } from './layout.js';
import { plot } from './plot.js';
import { showAge, showBytes, showCount, showRate } from './show.js';

const MAX_TRACKERS_SHOWN = 50;
const MAX_ORIGINS_SHOWN = 50;
/** Denser codes cannot be read from a screen. */
const MAX_QR_BYTES = 800;

/** What is shown besides what the catalogue says of the torrent. */
export interface TorrentContext {
  readonly magnet: string;
  /** A link that fits into a QR code. */
  readonly shortMagnet: string;
  /** The swarm's size inside the network, undefined if unknown. */
  readonly inner: SwarmCounts | undefined;
  /** What the peers inside may send to one more, in bits per second; undefined: unknown. */
  readonly insideBps: number | undefined;
  /** Oldest first. */
  readonly swarmHistory: readonly SwarmSample[];
  readonly popularityHistory: readonly PopularitySample[];
  readonly notes: TorrentNotes;
  readonly offers: readonly Offer[];
  /** Completed downloads as last reported. */
  readonly completed: number | undefined;
  readonly kind: TorrentKind | undefined;
  readonly nowMs: number;
}

export function torrentPage(view: SiteView, torrent: CatalogueTorrent, context: TorrentContext): Page {
  const { text: words } = view;
  const { magnet, shortMagnet, inner } = context;
  const count = (value: number): string => showCount(value, words.language);
  const copy = (label: string, text: string): Markup =>
    html`<button type="button" class="second" data-copy="${text}" data-done="${words.copied}" hidden>${label}</button>`;
  const more = torrent.fileCount - Math.min(torrent.files.length, MAX_FILES_SHOWN);
  return page(
    view,
    torrent.name,
    '',
    html`<h1 dir="auto">${torrent.name}</h1>
${inner && html`<p class="near">${neighbours(view, inner, context.insideBps)}</p>`}
<p class="actions">${
      torrent.magnet === undefined &&
      html`<a class="button" href="${view.root}/torrent/${torrent.infoHash}.torrent">${words.torrentFile}</a>`
    }<a class="button second" href="${magnet}">${words.magnetLink}</a>${copy(words.copyMagnet, magnet)}${copy(
      words.copyHash,
      torrent.infoHash,
    )}<span id="copied" role="status"></span></p>
<h2>${words.details}</h2>
<div class="card"><dl>
${facts(view, torrent, context)}</dl></div>
${qrCode(view, shortMagnet)}
${plots(view, context)}
${torrent.files.length > 0 && html`<h2>${words.files(count(torrent.fileCount))}</h2>\n${fileTree(torrent.files, words.language)}`}
${torrent.files.length > 0 && more > 0 && html`<p class="soft">${words.moreFiles(count(more))}</p>`}
${reportLink(view, torrent)}`,
  );
}

function neighbours({ text: words }: SiteView, { seeds }: SwarmCounts, bps: number | undefined): string {
  if (seeds === 0) return words.nobodyInside;
  const count = words.neighbours(showCount(seeds, words.language));
  return bps === undefined ? count : words.withRate(count, showRate(bps, words.language));
}

/** A crawl may be hours after another. */
const POPULARITY_GAP_MS = 2 * 86_400_000;

function plots({ text: words }: SiteView, { swarmHistory, popularityHistory, nowMs }: TorrentContext): Markup {
  const day = { gapMs: 2.5 * SWARM_SAMPLE_MS, nowMs };
  const of = (value: (sample: SwarmSample) => number | undefined) =>
    swarmHistory.map((sample) => ({ atMs: sample.atMs, value: value(sample) }));
  const inside = plot(
    { ...day, id: 'inside', title: words.insideSeeds, points: of(({ insideSeeds }) => insideSeeds) },
    words,
  );
  const outside = plot(
    { ...day, id: 'outside', title: words.outsideSeeds, points: of(({ outsideSeeds }) => outsideSeeds) },
    words,
  );
  const points = popularityHistory.map(({ atMs, popularity }) => ({ atMs, value: popularity }));
  const popularity = plot(
    { id: 'popularity', title: words.popularityPlot, points, gapMs: POPULARITY_GAP_MS, nowMs },
    words,
  );
  return html`${(inside || outside) && html`<h2>${words.lastDay}</h2>\n<div class="plots">${inside}${outside}</div>`}
${popularity && html`<h2>${words.popularity}</h2>\n<div class="plots">${popularity}</div>`}`;
}

function facts(
  view: SiteView,
  torrent: CatalogueTorrent,
  { inner, notes, offers, completed, nowMs, kind }: TorrentContext,
) {
  const { text: words } = view;
  const { language } = words;
  const count = (value: number | undefined): string => showCount(value, language);
  const fact = (name: string, value: string | Markup | undefined | false): Markup | false =>
    value !== undefined &&
    value !== false &&
    html`<dt>${name}</dt><dd dir="auto">${value}</dd>
`;
  const swarm = (seeds: number | undefined, leechers: number | undefined): string =>
    words.seedsAndLeechers(count(seeds), count(leechers));
  const list = (items: readonly (string | Markup)[]): Markup | undefined =>
    items.length === 0 ? undefined : html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
  const titles = [...new Set([torrent.title, ...offers.map(({ title }) => title)])];
  const trackers = [...new Set(torrent.trackerTiers.flat())].slice(0, MAX_TRACKERS_SHOWN);
  return [
    fact(words.size, torrent.totalBytes !== undefined && showBytes(torrent.totalBytes, language)),
    fact(words.insideNetwork, inner && swarm(inner.seeds, inner.leechers)),
    fact(words.everywhere, swarm(torrent.seeds, torrent.leechers)),
    fact(words.completed, completed !== undefined && count(completed)),
    fact(words.category, torrent.category && listLink(view, 'category', torrent.category, torrent.category)),
    fact(words.kind, kind && listLink(view, 'type', kind, words.kinds[kind])),
    fact(words.sorts.added, showAge(torrent.firstSeenMs, nowMs, language)),
    fact(words.published, torrent.publishedMs !== undefined && showAge(torrent.publishedMs, nowMs, language)),
    fact(words.lastSeen, showAge(torrent.lastSeenMs, nowMs, language)),
    fact(words.sorts.rank, torrent.rank !== undefined && String(torrent.rank)),
    fact(words.description, list(titles.flatMap((title) => (title && title !== torrent.name ? [title] : [])))),
    fact(words.comment, notes.comment && html`<span class="comment">${notes.comment}</span>`),
    fact(words.licence, notes.licence),
    fact(words.created, notes.createdMs !== undefined && showAge(notes.createdMs, nowMs, language)),
    fact(words.createdBy, notes.createdBy),
    fact(words.pieceSize, torrent.pieceBytes !== undefined && `${count(torrent.pieceBytes / 1024)} KiB`),
    fact(words.infoHash, html`<code>${torrent.infoHash}</code>`),
    fact(words.version2, torrent.infoHashV2 && html`<code>${torrent.infoHashV2}</code>`),
    fact(words.from, list(originsOf(torrent, offers))),
    fact(words.webSeeds, list(notes.webSeeds)),
    fact(words.trackers, list(trackers)),
  ];
}

/** To the others of this category or type. */
function listLink({ root }: SiteView, name: string, value: string, title: string): Markup {
  return html`<a href="${root}/?${new URLSearchParams({ [name]: value }).toString()}">${title}</a>`;
}

/** The address for removals; a mail names the torrent. */
function reportLink({ identity: { takedown }, text }: SiteView, { infoHash }: CatalogueTorrent): Markup | false {
  if (takedown === undefined) return false;
  const subject = /^mailto:/i.test(takedown) && `${takedown.includes('?') ? '&' : '?'}subject=${infoHash}`;
  return html`<p><a href="${takedown}${subject}">${text.reportThis}</a></p>`;
}

/** Every place where it was found, each address once. */
function originsOf(torrent: CatalogueTorrent, offers: readonly Offer[]): Markup[] {
  const urls = [torrent, ...offers].map(({ pageUrl, torrentUrl }) => pageUrl ?? torrentUrl);
  return [...new Set(urls)].slice(0, MAX_ORIGINS_SHOWN).flatMap((url) => originalLink(url) ?? []);
}

/** Links only to http and https: an address of another scheme could be a script. */
function originalLink(url: string | undefined): Markup | undefined {
  if (url === undefined || !/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  return html`<a href="${url}" rel="nofollow noreferrer">${new URL(url).host}</a>`;
}

function qrCode({ text: words }: SiteView, content: string): Markup | false {
  if (Buffer.byteLength(content) > MAX_QR_BYTES) return false;
  const { data, size } = encode(content, { border: 4 });
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return html`<details class="qr"><summary>${words.qrCode}</summary><p>${words.qrHint}</p>
<svg role="img" aria-label="${words.qrCode}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/><path fill="#000" d="${new Markup(path)}"/></svg></details>`;
}
