/** What the bad sites of the local world do instead of answering. */
import type { ServerResponse } from 'node:http';
import { originOf, siteHost, type WorldPlace } from './world-addresses.js';
import { answersError, variantOf, type WorldSite } from './world-plan.js';

export interface FaultyRequest {
  readonly site: WorldSite;
  /** Of the torrent whose file is asked for. */
  readonly number: number | undefined;
  readonly path: string;
  readonly response: ServerResponse;
  readonly place: WorldPlace;
  readonly inside: readonly string[];
}

const RETRY_AFTER_SECONDS = 36_000;
const ENDLESS_BYTES = 5_000_000_000;
const CHUNK = Buffer.alloc(65_536, 'd4:info');
const DRIP_MS = 200;

/** @returns true if the request has been answered, or never will be */
export function answerFault(request: FaultyRequest): boolean {
  const { site, number, path, response, place } = request;
  if (site.fault === 'loops' && path.startsWith('/round/')) {
    response.writeHead(302, { location: `/round/${Number(path.slice('/round/'.length)) + 1}` }).end();
    return true;
  }
  if (number === undefined) return false;
  switch (site.fault) {
    case 'server-errors':
      if (!answersError(number)) return false;
      response.writeHead(500).end('a stack trace');
      return true;
    case 'busy':
      response.writeHead(503, { 'retry-after': String(RETRY_AFTER_SECONDS) }).end();
      return true;
    case 'silent':
      return true;
    case 'loops':
      // To itself, to a place that moves on, to another site that sends it back.
      response
        .writeHead(302, {
          location: [path, '/round/1', `${originOf(siteHost(site.name), place).slice('http:'.length)}${path}`][
            variantOf(number) % 3
          ]!,
        })
        .end();
      return true;
    case 'endless':
      sendEndlessly(response, variantOf(number) % 2 === 0);
      return true;
    case 'inside': {
      const targets = request.inside.length > 0 ? request.inside : ['http://169.254.169.254/latest/meta-data/'];
      const others = [
        'file:///etc/passwd',
        'gopher://127.0.0.1:70/',
        'http://[::ffff:169.254.169.254]/',
        'javascript:1',
      ];
      const all = [...targets, ...others];
      response.writeHead(302, { location: all[variantOf(number) % all.length]! }).end();
      return true;
    }
    default:
      return false;
  }
}

/** With and without a Content-Length that says how long it would be. */
function sendEndlessly(response: ServerResponse, stated: boolean): void {
  response.writeHead(200, {
    'content-type': 'application/x-bittorrent',
    ...(stated ? { 'content-length': String(ENDLESS_BYTES) } : {}),
  });
  let left = ENDLESS_BYTES;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= CHUNK.length;
      if (!response.write(CHUNK)) {
        response.once('drain', more);
        return;
      }
    }
  };
  more();
}

export function robotsOf(site: WorldSite, response: ServerResponse): void {
  response.setHeader('content-type', 'text/plain');
  switch (site.fault) {
    case 'robots-deny':
      response.end('User-agent: *\nDisallow: /\n');
      return;
    case 'robots-day':
      response.end('User-agent: *\nCrawl-delay: 86400\n');
      return;
    case 'robots-huge':
      response.end(`User-agent: *\n${'Disallow: /*a*b*c*d*\n'.repeat(200_000)}`);
      return;
    case 'robots-endless': {
      const timer = setInterval(() => response.write('#'), DRIP_MS);
      response.once('close', () => clearInterval(timer));
      return;
    }
    case undefined:
      // Sites without faults have a file, or none.
      if (site.number % 4 === 0) response.writeHead(404).end();
      else response.end('User-agent: *\nDisallow: /private/\n\nUser-agent: badbot\nDisallow: /\n');
      return;
    default:
      response.writeHead(404).end();
  }
}
