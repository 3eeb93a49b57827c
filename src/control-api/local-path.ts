/** Keeps redirects on this site, wherever a link wants them to lead (open redirect). */

const ORIGIN = 'http://this.site.invalid';

/** @returns the path and query of a URL of this site; `/` for everything else */
export function localPath(text: string | undefined): string {
  if (text === undefined || !text.startsWith('/') || !URL.canParse(text, ORIGIN)) return '/';
  const { origin, pathname, search } = new URL(text, ORIGIN);
  // `/.//host` is a path of this site that a browser would read as a host if it were sent back like this.
  return origin === ORIGIN && !pathname.startsWith('//') ? pathname + search : '/';
}
