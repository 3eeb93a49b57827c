/** A line at the top of the original's pages, if the operator wants one: who stands between, and how to get the original. */
import { html } from '../../markup/markup.js';
import type { Visit } from '../visit.js';
import { CHOICE_PATH } from './reader-pages.js';
import { wordsFor } from './words.js';

const STYLE = 'all:initial;display:block;padding:2px 8px;font:12px/1.5 sans-serif;color:#333;background:#eee';

/** ASCII, whatever the charset of the page. @returns undefined for a request that is not for a page in a window */
export function banner(text: string | undefined, { request, view }: Visit): string | undefined {
  if (text === undefined) return undefined;
  const destination = request.headers['sec-fetch-dest'];
  if (destination !== undefined && destination !== 'document') return undefined;
  const to = encodeURIComponent(request.url ?? '/');
  const words = wordsFor(view.text.language);
  const { text: markup } =
    html`<div role="note" style="${STYLE}">${text} <a style="color:#00c;font:inherit" href="${view.root}${CHOICE_PATH}?to=${to}">${words.bannerLink}</a></div>`;
  return markup.replace(/[^\x20-\x7e]/gu, (character) => `&#${character.codePointAt(0)};`);
}
