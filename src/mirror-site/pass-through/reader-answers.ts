/** What a reader in an original's place can choose, below the reserved path: the original's bytes, or the rewritten ones. */
import { sendPage } from '../response.js';
import { OPT_OUT_PATH, type Visit } from '../visit.js';
import { choiceCookie, cookieChoice } from './reader-choice.js';
import { CHOICE_PATH, choicePage, OPT_IN_PATH } from './reader-pages.js';

/** @returns false if the path is another one */
export function answerChoice({ request, response, url, view, host }: Visit): boolean {
  const site = view.site ?? host;
  const to = pathOnThisHost(url.searchParams.get('to'));
  switch (url.pathname) {
    case OPT_OUT_PATH:
    case OPT_IN_PATH: {
      const choice = url.pathname === OPT_OUT_PATH ? 'out' : 'again';
      response.setHeader('Set-Cookie', choiceCookie(choice, host, site));
      response.setHeader('Cache-Control', 'no-store');
      response.writeHead(303, { Location: to, 'Content-Length': 0 }).end();
      return true;
    }
    case CHOICE_PATH:
      sendPage(request, response, 200, choicePage(view, site, cookieChoice(request.headers.cookie) === 'out', to));
      return true;
    default:
      return false;
  }
}

/** `/` for what leads elsewhere: a link to this server must not become a link to another. */
function pathOnThisHost(to: string | null): string {
  if (to === null || !URL.canParse(to, 'http://mirror.invalid')) return '/';
  const url = new URL(to, 'http://mirror.invalid');
  const path = url.pathname + url.search + url.hash;
  return url.host === 'mirror.invalid' && url.protocol === 'http:' && !path.startsWith('//') ? path : '/';
}
