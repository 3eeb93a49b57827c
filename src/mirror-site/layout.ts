/** The frame of every page: title, search box, footer. */
import { html, Markup } from '../markup/markup.js';
import type { Identity } from './identity/identity.js';
import { SCRIPT } from './script.js';
import type { Strings } from './strings-english.js';

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
  readonly identity: Identity;
}

/** A whole page, with what its content security policy must allow. */
export class Page extends Markup {
  readonly styleHash: string;
  constructor({ text }: Markup, styleHash: string) {
    super(text);
    this.styleHash = styleHash;
  }
}

/** @param feedPath of the list that the page shows, or of all torrents */
export function page(
  view: SiteView,
  title: string,
  searchText: string,
  content: Markup,
  feedPath = `${view.root}/feed.xml`,
): Page {
  const { text: words, identity, root } = view;
  const name = nameOf(view);
  const markup = html`<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === '' ? name : `${title} – ${name}`}</title>
<link rel="alternate" type="application/rss+xml" title="${words.torrents}" href="${feedPath}">
<link rel="search" type="application/opensearchdescription+xml" title="${name}" href="${root}/opensearch.xml">
<link rel="icon" type="${identity.icon.type}" href="${root}${identity.icon.path}">
<style>${new Markup(identity.style.text)}</style>
</head>
<body>
<a class="skip" href="#content">${words.skip}</a>
<header>
<p><a href="${root}/">${identity.logo && html`<img src="${root}${identity.logo.path}" alt="">`}${name}</a></p>
<form action="${root}/" method="get" role="search">
<input type="search" name="q" value="${searchText}" aria-label="${words.searchTorrents}" placeholder="${words.searchTorrents}" maxlength="2000" dir="auto">
<button>${words.search}</button>
</form>
</header>
<main id="content">
${content}
</main>
<footer>
<p>${words.footer(view.operatorName)}</p>
<ul>${footerLinks(view, feedPath).map((link) => html`<li>${link}</li>`)}</ul>
</footer>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`;
  return new Page(markup, identity.style.hash);
}

function footerLinks(view: SiteView, feedPath: string): Markup[] {
  const { root, originalPage } = view;
  const { feed, information, originalPage: original } = view.text;
  return [
    html`<a href="${root}/help">${information.help}</a>`,
    html`<a href="${root}/privacy">${information.privacy}</a>`,
    ...addressLinks(view),
    html`<a href="${feedPath}">${feed}</a>`,
    ...(originalPage === undefined ? [] : [html`<a href="${originalPage}" rel="nofollow">${original}</a>`]),
  ];
}

/** Where the operator can be reached. */
export function addressLinks({ identity, text: { information } }: SiteView): Markup[] {
  const { contact, takedown } = identity;
  return [
    ...(contact === undefined ? [] : [html`<a href="${contact}">${information.contact}</a>`]),
    ...(takedown === undefined ? [] : [html`<a href="${takedown}">${information.takedown}</a>`]),
  ];
}

/** What the mirror is called where it stands. */
export function nameOf({ site, title, operatorName, text }: SiteView): string {
  return site === undefined ? title : text.atOperator(site, operatorName);
}
