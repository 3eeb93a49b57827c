/** The Host header: whom the visitor thinks it talks to. It is repeated in links, so only what is a host is taken. */

export interface RequestHost {
  /** Lower case, without port and without a dot at the end. */
  readonly name: string;
  /** As it goes into links. */
  readonly withPort: string;
}

/** Undefined for a header that is missing or no host. An IPv6 address stands in brackets. */
export function readHost(header: string | undefined): RequestHost | undefined {
  const match = /^([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/i.exec(header ?? '');
  if (match === null) return undefined;
  const name = match[1]!.toLowerCase().replace(/\.$/, '');
  return { name, withPort: name + (match[2] ?? '') };
}

/** The redirected site that a host belongs to: the longest name that is it or above it. */
export function originalSite(host: string, siteHosts: readonly string[]): string | undefined {
  return siteHosts
    .map((site) => site.toLowerCase().replace(/\.$/, ''))
    .filter((site) => host === site || host.endsWith(`.${site}`))
    .sort((a, b) => b.length - a.length)[0];
}
