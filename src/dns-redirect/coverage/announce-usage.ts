/**
 * Where torrents announce to under each redirected name: protocols, ports and paths (BEP 3, 12, 15). A redirection changes
 * the address alone, so the tracker must listen on those ports. A torrent that names several ports of a tracker needs one of
 * them: its clients announce to all.
 */
import { classifyPath, PATH_SCRAPE } from '../../wire/http-path.js';

export type AnnounceProtocol = 'udp' | 'http' | 'https';

export interface AnnouncePort {
  readonly protocol: AnnounceProtocol;
  readonly port: number;
}

export interface UsedPort {
  /** `udp`, `http`, `https`, or one that this tracker does not speak, such as `wss`. */
  readonly protocol: string;
  readonly port: number;
  /** How many torrents announce there. */
  readonly torrents: number;
  /** The most frequent paths first, at most {@link MAX_PATHS}. */
  readonly paths: readonly string[];
  /** Why no listener could serve it: another protocol, or a path that is not an announce. */
  readonly unservable?: string;
}

export interface NameUsage {
  /** How many torrents announce to the name. */
  readonly torrents: number;
  readonly ports: readonly UsedPort[];
  /**
   * Torrents that announce to the same ports, and how many. A torrent is served if one of the ports is. No ports: it
   * cannot be served.
   */
  readonly groups: readonly { readonly ports: readonly AnnouncePort[]; readonly torrents: number }[];
}

export const NO_USAGE: NameUsage = { torrents: 0, ports: [], groups: [] };

/** Announces to more ports are counted as one group of torrents that need nothing: a stranger's list cannot fill memory. */
const MAX_PORTS = 64;
const MAX_GROUPS = 1_000;
const MAX_PATHS = 5;
const MAX_COUNTED_PATHS = 100;
const MAX_PATH_CHARACTERS = 200;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'ws:': 80, 'wss:': 443 };

interface CountedPort {
  readonly protocol: string;
  readonly port: number;
  readonly unservable?: string;
  torrents: number;
  readonly paths: Map<string, number>;
}

interface CountedName {
  torrents: number;
  readonly ports: Map<string, CountedPort>;
  readonly groups: Map<string, { readonly ports: readonly AnnouncePort[]; torrents: number }>;
}

export class AnnounceUsage {
  readonly #names: ReadonlyMap<string, CountedName>;

  /** @param names lower case, without a dot at the end */
  constructor(names: Iterable<string>) {
    this.#names = new Map([...names].map((name) => [name, { torrents: 0, ports: new Map(), groups: new Map() }]));
  }

  /** Counts one torrent. @param urls its announce URLs, as they are in the file */
  add(urls: Iterable<string>): void {
    const found = new Map<CountedName, Map<string, CountedPort>>();
    for (const text of urls) {
      const name = this.#names.get(hostOf(text) ?? '');
      if (name === undefined) continue;
      const port = countedPort(name, text);
      if (port === undefined) continue;
      const ports = found.get(name) ?? new Map<string, CountedPort>();
      ports.set(keyOf(port), port);
      found.set(name, ports);
    }
    for (const [name, ports] of found) addTorrent(name, [...ports.values()]);
  }

  of(name: string): NameUsage {
    const counted = this.#names.get(name);
    if (counted === undefined) return NO_USAGE;
    const ports = [...counted.ports.values()].filter(({ torrents }) => torrents > 0);
    return {
      torrents: counted.torrents,
      ports: ports
        .sort((a, b) => b.torrents - a.torrents)
        .map(({ paths, ...port }) => ({ ...port, paths: mostFrequent(paths) })),
      groups: [...counted.groups.values()],
    };
  }
}

function addTorrent(name: CountedName, ports: readonly CountedPort[]): void {
  name.torrents++;
  for (const port of ports) port.torrents++;
  const servable = ports.filter(isServable).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const key = servable.map(keyOf).join();
  const group = name.groups.get(key);
  if (group !== undefined) group.torrents++;
  else if (name.groups.size < MAX_GROUPS) {
    const plain = servable.map(({ protocol, port }) => ({ protocol, port }));
    name.groups.set(key, { ports: plain, torrents: 1 });
  }
}

function isServable<T extends { readonly protocol: string; readonly unservable?: string }>(
  port: T,
): port is T & { readonly protocol: AnnounceProtocol } {
  return port.unservable === undefined;
}

/** @returns undefined for a URL that no client can use, and for ports beyond the limit */
function countedPort(name: CountedName, text: string): CountedPort | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
  if (port === undefined || port === 0) return undefined;
  const protocol = url.protocol.slice(0, -1);
  const unservable = whyUnservable(protocol, url.pathname);
  const key = keyOf({ protocol, port, ...(unservable === undefined ? {} : { unservable }) });
  let counted = name.ports.get(key);
  if (counted === undefined) {
    if (name.ports.size >= MAX_PORTS) return undefined;
    counted = { protocol, port, ...(unservable === undefined ? {} : { unservable }), torrents: 0, paths: new Map() };
    name.ports.set(key, counted);
  }
  const path = url.pathname.slice(0, MAX_PATH_CHARACTERS);
  if (counted.paths.has(path) || counted.paths.size < MAX_COUNTED_PATHS) {
    counted.paths.set(path, (counted.paths.get(path) ?? 0) + 1);
  }
  return counted;
}

function whyUnservable(protocol: string, path: string): string | undefined {
  if (protocol === 'udp') return undefined;
  if (protocol !== 'http' && protocol !== 'https') return `this tracker does not speak ${protocol}`;
  const bytes = Buffer.from(path, 'latin1');
  return classifyPath(bytes, 0, bytes.length) === PATH_SCRAPE ? 'its path is that of a scrape' : undefined;
}

/** An announce path that cannot be served is counted apart from the other paths of its port. */
function keyOf({ protocol, port, unservable }: { protocol: string; port: number; unservable?: string }): string {
  return `${protocol}:${port}${unservable === undefined ? '' : ' (unservable)'}`;
}

/** Without a parser, because most URLs of a catalogue name other trackers. */
function hostOf(url: string): string | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:@[\]]+)/i.exec(url)?.[1];
  return host?.toLowerCase().replace(/\.$/, '');
}

function mostFrequent(paths: ReadonlyMap<string, number>): string[] {
  return [...paths]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_PATHS)
    .map(([path]) => path);
}
