/** An endpoint: a literal address and a port, as a value and as text. All of `host:port` is read and written here. */
import { isIP } from 'node:net';
import { formatIp, parseIp } from '../domain/ip-address.js';

export interface Endpoint {
  /** A literal address without brackets. */
  readonly host: string;
  /** 0 – 65535. A listener on port 0 gets a free port from the system. */
  readonly port: number;
}

/** `192.0.2.53:53` or `[2001:db8::53]:53`. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * @param defaultPort of a text without a port; if it is not given, the text must have a port
 * @returns undefined if the text is not a literal address with a port, or has a zone (`fe80::1%eth0`)
 */
export function parseEndpoint(text: string, defaultPort?: number): Endpoint | undefined {
  const match = isIP(text) === 6 ? [text, text] : /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const host = match[1] ?? match[2]!;
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  const family = match[1] === undefined ? 4 : 6;
  if (isIP(host) !== family || host.includes('%') || port === undefined || port > 65_535) return undefined;
  return { host, port };
}

/** True for `0.0.0.0` and `::`, which listen on every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Where this machine reaches a listener of its own: a wildcard becomes the loopback address of its family. */
export function reachableHost(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}

/** Compares values, not spellings. @throws ClientError `invalid-value` if a host is not a literal address */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && formatIp(parseIp(a.host)) === formatIp(parseIp(b.host));
}
