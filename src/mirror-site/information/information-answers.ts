/** Answers the pages about the site itself, and its logo and icon. */
import type { Identity } from '../identity/identity.js';
import { IMAGE_POLICY, send, sendPage } from '../response.js';
import type { Visit } from '../visit.js';
import { helpPage, privacyPage } from './information-pages.js';
import type { Facts } from './words-english.js';

export type InformationFacts = Omit<Facts, 'operator'>;

/** Of the default configuration. */
const USUAL_FACTS: InformationFacts = { heldMinutes: 45, countsRequests: false, passes: undefined };
/** Paths of images change with their bytes. */
const IMAGE_SECONDS = 30 * 86_400;

/** @returns a function that answers, or returns false for other paths */
export function informationAnswers({ logo, icon }: Identity, facts = USUAL_FACTS): (visit: Visit) => boolean {
  const images = new Map([icon, ...(logo === undefined ? [] : [logo])].map((image) => [image.path, image]));
  return ({ request, response, url, view }) => {
    const about = { ...facts, operator: view.operatorName };
    // Where browsers look that have not read the page.
    const image = url.pathname === '/favicon.ico' ? icon : images.get(url.pathname);
    if (url.pathname === '/help') sendPage(request, response, 200, helpPage(view, about));
    else if (url.pathname === '/privacy') sendPage(request, response, 200, privacyPage(view, about));
    else if (image === undefined) return false;
    else {
      const { type, bytes, path } = image;
      const maxAgeSeconds = url.pathname === path ? IMAGE_SECONDS : 3_600;
      const etag = `W/"${path}"`;
      send(request, response, {
        status: 200,
        type,
        body: bytes,
        maxAgeSeconds,
        etag,
        policy: IMAGE_POLICY,
      });
    }
    return true;
  };
}
