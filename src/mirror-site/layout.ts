/** The frame of every page: title, search box, footer. */
import { html, Markup } from '../markup/markup.js';
import { SCRIPT } from './script.js';
import type { Strings } from './strings-english.js';
import { STYLE } from './style.js';

export interface SiteView {
  /** The title of the mirror under its own name. */
  readonly title: string;
  /** The operator's name, as users know it. */
  readonly operatorName: string;
  /** The original site that the page replaces; undefined under the mirror's own name. */
  readonly site: string | undefined;
  /** Before every path of the catalogue: empty, or {@link RESERVED_PATH} in an original site's place. */
  readonly root: string;
  /** The path by which a reader in an original's place gets the original page; undefined if there is none. */
  readonly originalPage: string | undefined;
  /** In the language of the reader. */
  readonly text: Strings;
}

/** @param feedPath of the list that the page shows, or of all torrents */
export function page(
  view: SiteView,
  title: string,
  searchText: string,
  content: Markup,
  feedPath = `${view.root}/feed.xml`,
): Markup {
  const { text: words } = view;
  const name = nameOf(view);
  return html`<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === '' ? name : `${title} – ${name}`}</title>
<link rel="alternate" type="application/rss+xml" title="${words.torrents}" href="${feedPath}">
<link rel="search" type="application/opensearchdescription+xml" title="${name}" href="${view.root}/opensearch.xml">
<link rel="icon" type="image/svg+xml" href="${view.root}/favicon.svg">
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">${words.skip}</a>
<header>
<p><a href="${view.root}/">${name}</a></p>
<form action="${view.root}/" method="get" role="search">
<input type="search" name="q" value="${searchText}" aria-label="${words.searchTorrents}" placeholder="${words.searchTorrents}" maxlength="2000" dir="auto">
<button>${words.search}</button>
</form>
</header>
<main id="content">
${content}
</main>
<footer>
<p>${words.footer(view.operatorName)} <a href="${feedPath}">${words.feed}</a>${
    view.originalPage !== undefined && html` <a href="${view.originalPage}" rel="nofollow">${words.originalPage}</a>`
  }</p>
</footer>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`;
}

/** What the mirror is called where it stands. */
export function nameOf({ site, title, operatorName, text }: SiteView): string {
  return site === undefined ? title : text.atOperator(site, operatorName);
}
