/** A page that says what is wrong and offers links to continue. */
import { html, type Markup } from '../markup/markup.js';
import { type Page, page, type SiteView } from './layout.js';

export function notFoundPage(view: SiteView): Page {
  const { text: words, site } = view;
  const why = site === undefined ? words.notInCatalogue : words.notMirrored(site);
  return message(view, words.notFound, html`<p>${why}</p>`, words.searchAbove);
}

/** @param reason as the end of "It is not published:" */
export function withdrawnPage(view: SiteView, reason: string): Page {
  return message(view, view.text.withdrawn, html`<p>${view.text.notPublished} ${reason}.</p>`, '');
}

export function errorPage(view: SiteView): Page {
  return message(view, view.text.error, undefined, view.text.tryAgain);
}

function message(view: SiteView, title: string, why: Markup | undefined, before: string): Page {
  return page(
    view,
    title,
    '',
    html`<h1>${title}</h1>
${why}
<p>${before} <a href="${view.root}/">${view.text.allTorrents}</a></p>`,
  );
}
