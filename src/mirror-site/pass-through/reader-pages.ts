/** The pages of this program in an original's place: an original that fails, and the reader's choice. */
import type { InfoHash } from '../../domain/info-hash.js';
import { html } from '../../markup/markup.js';
import { type Page, page, type SiteView } from '../layout.js';
import { OPT_OUT_PATH } from '../visit.js';
import { wordsFor } from './words.js';

export type FailureKind = 'unreachable' | 'timeout' | 'busy' | 'loop';

export const FAILURE_STATUS: Readonly<Record<FailureKind, number>> = {
  unreachable: 502,
  timeout: 504,
  busy: 503,
  loop: 508,
};

/** Below these, the reader chooses; `to` is where the reader goes next. */
export const OPT_IN_PATH = '/opt-in';
export const CHOICE_PATH = '/about';

/** @param copy the torrent of the catalogue that the reader asked for */
export function failurePage(view: SiteView, kind: FailureKind, host: string, copy: InfoHash | undefined): Page {
  const words = wordsFor(view.text.language);
  const why = {
    unreachable: words.unreachableWhy,
    timeout: words.timeoutWhy,
    busy: () => words.busyWhy,
    loop: words.loopWhy,
  };
  const address = copy === undefined ? `${view.root}/` : `${view.root}/torrent/${copy}`;
  return page(
    view,
    words[kind],
    '',
    html`<h1>${words[kind]}</h1>
<p>${why[kind](host)}</p>
<p>${words.meanwhile} <a href="${address}">${copy === undefined ? view.text.allTorrents : words.copyOfThis}</a></p>
<p><a href="">${words.again}</a></p>`,
  );
}

/** @param to the page of the original that the reader comes from */
export function choicePage(view: SiteView, site: string, isOptedOut: boolean, to: string): Page {
  const words = wordsFor(view.text.language);
  const path = `${view.root}${isOptedOut ? OPT_IN_PATH : OPT_OUT_PATH}?to=${encodeURIComponent(to)}`;
  return page(
    view,
    words.choice(site),
    '',
    html`<h1>${words.choice(site)}</h1>
<p>${isOptedOut ? words.isOriginal(site) : words.isRewritten(site)}</p>
<p><a class="button" href="${path}">${isOptedOut ? words.comeBack : words.leave}</a></p>`,
  );
}
