/** A page that says what is wrong and offers links to continue. */
import { html, type Markup } from '../markup/markup.js';
import { page, type SiteView } from './layout.js';

export function notFoundPage(view: SiteView): Markup {
  const where =
    view.site === undefined
      ? html`<p>This address is not in the catalogue, or has been removed from it.</p>`
      : html`<p>You asked for a page of ${view.site}. Its popular torrents are mirrored here, this page is not.</p>`;
  return page(
    view,
    'Not found',
    '',
    html`<h1>Not found</h1>
${where}
<p>Search for it above, or see <a href="/">all torrents</a>.</p>`,
  );
}

/** @param reason as the end of "It is not published:" */
export function withdrawnPage(view: SiteView, reason: string): Markup {
  return page(
    view,
    'Withdrawn',
    '',
    html`<h1>Withdrawn</h1>
<p>This torrent is not published: ${reason}.</p>
<p>See <a href="/">all torrents</a>.</p>`,
  );
}

export function errorPage(view: SiteView): Markup {
  return page(
    view,
    'Error',
    '',
    html`<h1>Something went wrong here</h1>
<p>It is not your fault. Try again in a moment, or see <a href="/">all torrents</a>.</p>`,
  );
}
