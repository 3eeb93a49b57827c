/** Parses the Host header. It is repeated in links, so only a valid host is accepted. */

export interface RequestHost {
  /** Lower case, without port or trailing dot. */
  readonly name: string;
  /** As written in links. */
  readonly withPort: string;
  readonly port: number | undefined;
}

/** Undefined if the header is missing or not a host. An IPv6 address is in brackets. */
export function readHost(header: string | undefined): RequestHost | undefined {
  const match = /^([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/i.exec(header ?? '');
  if (match === null) return undefined;
  const name = match[1]!.toLowerCase().replace(/\.$/, '');
  const port = match[2];
  return {
    name,
    withPort: port === undefined ? name : `${name}:${port}`,
    port: port === undefined ? undefined : Number(port),
  };
}

/** The names as a set, made once for each list: every request asks, and there may be thousands. */
const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** The redirected site that a host belongs to: the longest name that equals it or is a parent domain of it. */
export function originalSite(host: string, siteHosts: readonly string[]): string | undefined {
  let names = sets.get(siteHosts);
  if (names === undefined) {
    names = new Set(siteHosts.map((site) => site.toLowerCase().replace(/\.$/, '')));
    sets.set(siteHosts, names);
  }
  for (let name = host; ; ) {
    if (names.has(name)) return name;
    const dot = name.indexOf('.');
    if (dot < 0) return undefined;
    name = name.slice(dot + 1);
  }
}
