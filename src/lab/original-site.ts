/**
 * The popular site that the lab's mirror site replaces: an RSS feed with seeds and leechers, a page per listing, and
 * the torrent files. It does not know the alias tracker.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { escapeMarkup } from '../markup/markup.js';
import type { Endpoint } from '../net/endpoint.js';
import type { LabTorrent } from './lab-torrents.js';

export interface OriginalSite {
  readonly endpoints: readonly Endpoint[];
  stop(): Promise<void>;
}

export interface OriginalSiteOptions {
  readonly listen: readonly Endpoint[];
  /** Its public name; links carry it with the port of the first endpoint. */
  readonly name: string;
  readonly torrents: readonly LabTorrent[];
}

export async function startOriginalSite(options: OriginalSiteOptions): Promise<OriginalSite> {
  const servers: Server[] = [];
  const endpoints: Endpoint[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(
      servers.map(async (server) => {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }),
    );
  };
  try {
    for (const { host, port } of options.listen) {
      const server = createServer((request, response) => {
        const { port: linkPort } = endpoints[0]!;
        respond(request, response, `http://${options.name}:${linkPort}`, options.torrents);
      });
      server.listen(port, host);
      await once(server, 'listening');
      server.on('error', () => {}); // out of file descriptors: the connection is lost, the listener is not
      servers.push(server);
      endpoints.push({ host, port: (server.address() as AddressInfo).port });
    }
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { endpoints, stop };
}

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  base: string,
  torrents: readonly LabTorrent[],
): void {
  const target = request.url ?? '/';
  if (!URL.canParse(target, 'http://site')) {
    response.writeHead(400).end();
    return;
  }
  const path = new URL(target, 'http://site').pathname;
  const readable = request.method === 'GET' || request.method === 'HEAD';
  const { status, type, body } = readable
    ? documentAt(path, base, torrents)
    : { status: 405, type: 'text/plain', body: 'GET only\n' };
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

interface SiteDocument {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

function documentAt(path: string, base: string, torrents: readonly LabTorrent[]): SiteDocument {
  const html = 'text/html; charset=utf-8';
  if (path === '/feed.xml')
    return { status: 200, type: 'application/rss+xml; charset=utf-8', body: feed(base, torrents) };
  if (path === '/' || path === '/top') return { status: 200, type: html, body: listing(torrents) };
  const wanted = /^\/(torrents|page)\/([a-z-]+)(\.torrent)?$/.exec(path);
  const torrent = torrents.find((each) => each.name === wanted?.[2]);
  if (torrent === undefined) return { status: 404, type: 'text/plain', body: 'no such page\n' };
  if (wanted?.[3] !== undefined) return { status: 200, type: 'application/x-bittorrent', body: torrent.bytes };
  return { status: 200, type: html, body: page(torrent.title, `<table>${row(torrent)}</table>`) };
}

function feed(base: string, torrents: readonly LabTorrent[]): string {
  const items = torrents.map(({ name, title, bytes, infoHash, popularity }) => {
    const counts = popularity
      ? `<nyaa:seeders>${popularity.seeds}</nyaa:seeders><nyaa:leechers>${popularity.leechers}</nyaa:leechers>`
      : '';
    const hash = infoHash === undefined ? '' : `<nyaa:infoHash>${infoHash}</nyaa:infoHash>`;
    return `<item><title>${escapeMarkup(title)}</title><link>${base}/page/${name}</link><guid>${base}/page/${name}</guid>
<enclosure url="${base}/torrents/${name}.torrent" length="${bytes.length}" type="application/x-bittorrent"/>${counts}${hash}</item>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:nyaa="https://nyaa.si/xmlns/nyaa"><channel><title>The original site</title><link>${base}/</link>
<description>What is popular</description>
${items.join('\n')}
</channel></rss>
`;
}

function listing(torrents: readonly LabTorrent[]): string {
  return page('The original site', `<table>${torrents.map(row).join('\n')}</table>`);
}

function row({ name, title, popularity }: LabTorrent): string {
  const cells = `<td class="s">${popularity?.seeds ?? ''}</td><td class="l">${popularity?.leechers ?? ''}</td>`;
  return `<tr class="torrent-row"><td><a class="name" href="/page/${name}">${escapeMarkup(title)}</a></td>
<td><a class="download" href="/torrents/${name}.torrent">torrent</a></td>${cells}</tr>`;
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeMarkup(title)}</title></head>
<body><h1>${escapeMarkup(title)}</h1>${body}</body></html>\n`;
}
