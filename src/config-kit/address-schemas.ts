/** Where to listen and whom to ask, as text with a literal address: `udp://0.0.0.0:6969`, `127.0.0.1:5353`, `[::1]:53`. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { type Endpoint, formatEndpoint } from '../domain/endpoint.js';

export type ListenProtocol = 'udp' | 'http' | 'https';

export interface ListenUrl {
  readonly protocol: ListenProtocol;
  /** A literal address, without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** `defaultPort` stands where none is written; without it the port is required. */
export function parseEndpoint(value: string, defaultPort?: number): Endpoint | undefined {
  if (isIP(value) !== 0) return defaultPort === undefined ? undefined : { host: value, port: defaultPort };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(value);
  if (!match) return undefined;
  const host = match[1] ?? match[2]!;
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  const family = match[1] === undefined ? 4 : 6;
  if (isIP(host) !== family || host.includes('%') || port === undefined || port > 65_535) return undefined;
  return { host, port };
}

/** `localhost` is taken as 127.0.0.1; other names are refused, because what they resolve to may change. */
export function parseListenUrl(value: string): ListenUrl | undefined {
  const match = /^(udp|http|https):\/\/([^/]+)\/?$/.exec(value);
  if (!match) return undefined;
  const endpoint = parseEndpoint(match[2]!.replace(/^localhost(?=:|$)/, '127.0.0.1'));
  return endpoint === undefined ? undefined : { protocol: match[1] as ListenProtocol, ...endpoint };
}

/** @returns `udp://[::]:6969` */
export function formatListenUrl(url: ListenUrl): string {
  return `${url.protocol}://${formatEndpoint(url)}`;
}

export function listenUrl<P extends ListenProtocol>(...protocols: P[]) {
  const example = protocols.map((each) => `"${each}://0.0.0.0:6969"`).join(' or ');
  const expected = `a literal address and port to listen on, e.g. ${example}`;
  return z.string({ error: `expected ${expected}` }).transform((value, context) => {
    const url = parseListenUrl(value);
    if (url === undefined || !(protocols as string[]).includes(url.protocol)) {
      context.addIssue({ code: 'custom', message: `"${value}" is not ${expected}` });
      return z.NEVER;
    }
    return url as ListenUrl & { readonly protocol: P };
  });
}

export function endpoint(defaultPort?: number) {
  const expected =
    defaultPort === undefined
      ? 'an address and port, e.g. "127.0.0.1:5353" or "[::1]:5353"'
      : `an address, with a port where it is not ${defaultPort}, e.g. "192.0.2.53" or "127.0.0.1:5354"`;
  return z.string({ error: `expected ${expected}` }).transform((value, context): Endpoint => {
    const parsed = parseEndpoint(value, defaultPort);
    if (parsed === undefined) {
      context.addIssue({ code: 'custom', message: `"${value}" is not ${expected}` });
      return z.NEVER;
    }
    return parsed;
  });
}

/** An absolute URL of one of these protocols; kept as it is written. */
export function urlOf(...protocols: string[]) {
  return z.string({ error: 'expected a URL' }).refine((value) => hasProtocol(value, protocols), {
    error: (issue) => `"${String(issue.input)}" is not a URL that begins with ${protocols.join(':// or ')}://`,
  });
}

function hasProtocol(value: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return url.hostname !== '' && protocols.includes(url.protocol.replace(':', ''));
}
