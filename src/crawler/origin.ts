/** An address on an original site as the catalogue keys it: host without port, path with query. */

export function originOfUrl(url: string): { host: string; path: string } {
  const { hostname, pathname, search } = new URL(url);
  return { host: hostname.toLowerCase(), path: pathname + search };
}
