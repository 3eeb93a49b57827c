/** Help and privacy: what every site says, and what its operator adds. */
import { html, type Markup } from '../../markup/markup.js';
import { addressLinks, type Page, page, type SiteView } from '../layout.js';
import type { Facts, Section } from './words-english.js';

/** Free programs that are still cared for. */
const CLIENTS: readonly (readonly [name: string, url: string, systems: string])[] = [
  ['qBittorrent', 'https://www.qbittorrent.org/', 'Windows, macOS, Linux'],
  ['Transmission', 'https://transmissionbt.com/', 'macOS, Windows, Linux'],
  ['BiglyBT', 'https://www.biglybt.com/', 'Windows, macOS, Linux, Android'],
  ['aria2', 'https://aria2.github.io/', 'Linux, Windows, macOS'],
];
/** The section that they are listed in. */
const CLIENTS_AT = 1;

export function helpPage(view: SiteView, facts: Facts): Page {
  const { information } = view.text;
  const sections = information
    .helpSections(facts)
    .map((each, i) => html`${section(each)}${i === CLIENTS_AT && clients(view)}`);
  return textPage(view, information.help, sections, view.identity.help);
}

export function privacyPage(view: SiteView, facts: Facts): Page {
  const { information } = view.text;
  return textPage(view, information.privacy, information.privacySections(facts).map(section), view.identity.privacy);
}

/** What the operator says comes first: it is about this very network. */
function textPage(view: SiteView, title: string, sections: readonly Markup[], own: Markup | undefined): Page {
  const links = addressLinks(view);
  return page(
    view,
    title,
    '',
    html`<article class="text"><h1>${title}</h1>
${own}${sections}${links.length > 0 && html`<ul>${links.map((link) => html`<li>${link}</li>`)}</ul>`}</article>`,
  );
}

function section({ heading, lines }: Section): Markup {
  return html`<h2>${heading}</h2>
${lines.map((line) => html`<p>${line}</p>\n`)}`;
}

function clients({ text }: SiteView): Markup {
  return html`<p>${text.information.clients}</p>
<ul>${CLIENTS.map(([name, url, systems]) => html`<li><a href="${url}" rel="noreferrer">${name}</a> (${systems})</li>`)}</ul>
`;
}
