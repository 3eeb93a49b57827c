/** The lists of the sites of the local world, each in the format of its kind. */
import {
  hashOf,
  magnetOf,
  pageUrl,
  SECRET,
  TORRENTS_PER_PAGE,
  torrentOf,
  torrentUrl,
  type WorldPlace,
} from './world-addresses.js';
import { type SiteFormat, variantOf, type WorldSite, type WorldTorrent } from './world-plan.js';
import { torrentName } from './world-torrent.js';

export interface WorldDocument {
  readonly type: string;
  readonly text: string;
}

/** A torrent as a site states it. */
interface Stated {
  readonly number: number;
  readonly title: string;
  readonly seeds: number;
  readonly leechers: number;
  readonly completed: number;
  readonly file: string;
  readonly page: string;
  readonly hash: () => string;
  readonly magnet: () => string;
}

/** @param page from 1, for formats that have pages @returns undefined for a format without a list */
export function listDocument(site: WorldSite, page: number, place: WorldPlace): WorldDocument | undefined {
  const writer = WRITERS[site.format];
  if (writer === undefined) return undefined;
  const numbers = PAGED.has(site.format)
    ? site.torrents.slice((page - 1) * TORRENTS_PER_PAGE, page * TORRENTS_PER_PAGE)
    : site.torrents;
  const stated = numbers.map((number) => statedBy(site, place.world.torrents[number]!, place));
  const pages = Math.ceil(site.torrents.length / TORRENTS_PER_PAGE);
  return writer(stated, { site, page, pages });
}

/** The page about one torrent, where the format `html` has the link to the file. */
export function detailsDocument(site: WorldSite, number: number, place: WorldPlace): WorldDocument {
  const { title, file } = statedBy(site, place.world.torrents[number]!, place);
  const ads = '<a href="/get/advertisement.torrent" class="ad">faster</a>';
  const link = `<a class="download" data-url="${escaped(file)}" href="${escaped(file)}">the torrent</a>`;
  return {
    type: 'text/html',
    text: `<!doctype html><title>${escaped(title)}</title><h1>${escaped(title)}</h1>${ads}${link}`,
  };
}

const PAGED: ReadonlySet<SiteFormat> = new Set(['html', 'unit3d', 'gazelle']);
const MAX_TITLE = 100_000;
const LIE = 10 ** 11 - 1;

function statedBy(site: WorldSite, torrent: WorldTorrent, place: WorldPlace): Stated {
  const { number } = torrent;
  const of = torrentOf(torrent, place);
  const counts = { seeds: torrent.seeds, leechers: torrent.leechers, completed: torrent.completed };
  const lies =
    variantOf(number) % 2 === 0
      ? { seeds: LIE, leechers: LIE, completed: LIE }
      : { ...counts, seeds: counts.seeds * 50 };
  return {
    number,
    // The name in the file is longer still.
    title: torrentName(of).slice(0, MAX_TITLE).replaceAll('\u0000', ''),
    ...(site.fault === 'lies' ? lies : counts),
    file: torrentUrl(site, number, place),
    page: pageUrl(site, number, place),
    hash: () => hashOf(torrent, place),
    magnet: () => magnetOf(torrent, place),
  };
}

interface Around {
  readonly site: WorldSite;
  readonly page: number;
  readonly pages: number;
}

type Writer = (stated: readonly Stated[], around: Around) => WorldDocument;

const xml = (text: string): WorldDocument => ({ type: 'application/rss+xml', text: `<?xml version="1.0"?>\n${text}` });
const json = (value: unknown): WorldDocument => ({ type: 'application/json', text: JSON.stringify(value) });
const channel = (namespace: string, items: readonly string[]): WorldDocument =>
  xml(`<rss version="2.0" ${namespace}><channel><title>new torrents</title>${items.join('\n')}</channel></rss>`);

const WRITERS: Partial<Record<SiteFormat, Writer>> = {
  rss: (stated) =>
    channel(
      '',
      stated.map(
        ({ title, file, page, number, ...counts }) =>
          `<item><title>${escaped(title)}</title><link>${escaped(page)}</link><guid isPermaLink="false">${number}</guid>` +
          `<description><![CDATA[<b>Size:</b> 7 GB<br>${prose(counts)}]]></description>` +
          `<enclosure url="${escaped(file)}" length="0" type="application/x-bittorrent"/></item>`,
      ),
    ),
  atom: (stated) => ({
    type: 'application/atom+xml',
    text: `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>new</title>${stated
      .map(
        ({ title, file, page, number, ...counts }) =>
          `<entry><id>urn:uuid:${number}</id><title>${escaped(title)}</title><link rel="alternate" href="${escaped(page)}"/>` +
          `<link rel="enclosure" type="image/png" href="${escaped(page)}.png"/>` +
          `<link rel="enclosure" type="application/x-bittorrent" href="${escaped(file)}"/>` +
          `<summary type="html">${escaped(`<p>${prose(counts)}</p>`)}</summary></entry>`,
      )
      .join('\n')}</feed>`,
  }),
  torznab: (stated) =>
    channel(
      'xmlns:torznab="http://torznab.com/schemas/2015/feed"',
      stated.map((one) => {
        const { title, file, page, seeds, leechers, completed } = one;
        const values = {
          seeders: seeds,
          peers: seeds + leechers,
          grabs: completed,
          infohash: one.hash(),
          magneturl: one.magnet(),
        };
        const attributes = Object.entries(values).map(
          ([name, value]) => `<torznab:attr name="${name}" value="${escaped(String(value))}"/>`,
        );
        return (
          `<item><title>${escaped(title)}</title><guid>${escaped(page)}</guid><link>${escaped(file)}</link>` +
          `<enclosure url="${escaped(file)}" type="application/x-bittorrent"/>${attributes.join('')}</item>`
        );
      }),
    ),
  nyaa: (stated) =>
    channel(
      'xmlns:nyaa="https://nyaa.si/xmlns/nyaa"',
      stated.map(
        (one) =>
          `<item><title>${escaped(one.title)}</title><link>${escaped(one.file)}</link><guid isPermaLink="true">${escaped(one.page)}</guid>` +
          `<nyaa:seeders>${one.seeds}</nyaa:seeders><nyaa:leechers>${one.leechers}</nyaa:leechers>` +
          `<nyaa:downloads>${one.completed}</nyaa:downloads><nyaa:infoHash>${one.hash()}</nyaa:infoHash></item>`,
      ),
    ),
  ezrss: (stated) =>
    channel(
      'xmlns:torrent="http://xmlns.ezrss.it/0.1/"',
      stated.map(
        (one) =>
          `<item><title><![CDATA[${one.title}]]></title><link>${escaped(one.page)}</link>` +
          `<enclosure url="${escaped(one.file)}" type="application/x-bittorrent"/><torrent:torrent>` +
          `<torrent:infoHash>${one.hash().toUpperCase()}</torrent:infoHash><torrent:magnetURI><![CDATA[${one.magnet()}]]></torrent:magnetURI>` +
          `<torrent:seeds>${one.seeds}</torrent:seeds><torrent:peers>${one.leechers}</torrent:peers></torrent:torrent></item>`,
      ),
    ),
  html: (stated, { page, pages }) => ({
    type: 'text/html; charset=utf-8',
    text: `<!doctype html><title>Browse</title><table><tr><th>Name<th>S<th>L<th>Done</tr>${stated
      .map(
        ({ title, page: details, seeds, leechers, completed }) =>
          `<tr class="torrent"><td><a class="name" href="${escaped(new URL(details).pathname)}">${escaped(title)}</a>` +
          `<td class="s">${seeds.toLocaleString('en')}<td class="l">${leechers}<td class="done" data-count="${completed}">many</tr>`,
      )
      .join('\n')}</table>${page < pages ? `<a rel="next" href="?page=${page + 1}">next</a>` : ''}`,
  }),
  unit3d: (stated, { page, pages, site }) =>
    json({
      data: stated.map(({ number, title, seeds, leechers, completed, file, page: details }) => ({
        type: 'torrent',
        id: String(number),
        attributes: {
          name: title,
          seeders: seeds,
          leechers,
          times_completed: completed,
          download_link: file,
          details_link: details,
        },
      })),
      links: {
        next: page < pages ? `/api/torrents/filter?api_token=${SECRET}&page=${page + 1}` : null,
        self: site.name,
      },
    }),
  gazelle: (stated, { page, pages }) =>
    json({
      status: 'success',
      response: {
        currentPage: page,
        pages,
        results: stated.map(({ number, title, seeds, leechers, completed }) => ({
          groupId: number,
          groupName: title,
          torrents: [{ torrentId: number, seeders: seeds, leechers, snatches: completed }],
        })),
      },
    }),
  archive: (stated) =>
    json({
      responseHeader: { status: 0 },
      response: {
        numFound: stated.length,
        docs: stated.map(({ number, title, completed, hash }) => ({
          identifier: `item-${number}`,
          title: [title],
          btih: hash(),
          downloads: completed,
        })),
      },
    }),
  csv: (stated) => ({
    type: 'text/csv',
    text: `name,infohash,size,url,seeders,leechers,completed\r\n${stated
      .map(
        (one) =>
          `"${one.title.replaceAll('"', '""')}",${one.hash()},7,${one.file},${one.seeds},${one.leechers},${one.completed}\r\n`,
      )
      .join('')}`,
  }),
  sitemap: (stated) =>
    xml(
      `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://elsewhere.test/about</loc></url>${stated
        .map(({ file }) => `<url><loc>${escaped(file)}</loc><lastmod>2026-11-01</lastmod></url>`)
        .join('')}</urlset>`,
    ),
  list: (stated) => ({
    type: 'text/plain',
    text: `# wanted\n\n${stated.map((one) => [one.file, one.magnet(), `${one.file}  `][variantOf(one.number) % 3]).join('\r\n')}\r\n`,
  }),
};

/** As people write it, in four ways. */
function prose({ seeds, leechers }: Pick<Stated, 'seeds' | 'leechers'>): string {
  const ways = [
    `Seeders: ${seeds}, Leechers: ${leechers}`,
    `<b>Seeds</b>: ${seeds}<br><b>Leechers</b>: ${leechers}`,
    `${seeds} seeder(s) and ${leechers} leecher(s)`,
    `Seeders (from all trackers): ${seeds.toLocaleString('en')} | Leechers: ${leechers}`,
  ];
  return ways[seeds % ways.length]!;
}

/** Control characters stay, as careless sites leave them. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
