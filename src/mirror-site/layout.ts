/** The frame of every page: title, search box, footer. It has no scripts. */
import { html, Markup } from '../markup/markup.js';
import { STYLE } from './style.js';

export interface SiteView {
  /** The title of the mirror under its own name. */
  readonly title: string;
  /** The operator's name, as users know it. */
  readonly operatorName: string;
  /** The original site that the page replaces; undefined under the mirror's own name. */
  readonly site: string | undefined;
}

export function page(view: SiteView, title: string, searchText: string, content: Markup): Markup {
  const name = view.site === undefined ? view.title : `${view.site} at ${view.operatorName}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === '' ? name : `${title} – ${name}`}</title>
<link rel="alternate" type="application/rss+xml" title="Torrents" href="/feed.xml">
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p><a href="/">${name}</a></p>
<form action="/" method="get" role="search">
<input type="search" name="q" value="${searchText}" aria-label="Search torrents" placeholder="Search torrents" maxlength="200">
<button>Search</button>
</form>
</header>
<main id="content">
${content}
</main>
<footer>
<p>Torrents from here prefer peers inside the network of ${view.operatorName}. Their content is that of the original torrents:
the info-hash is the same. <a href="/feed.xml">Feed</a></p>
</footer>
</body>
</html>
`;
}
