/**
 * A line over time as inline SVG, with its values as a table for those who cannot see it. Labels are text of the page, so that
 * they stay legible where the drawing is narrow.
 */
import { html, Markup } from '../markup/markup.js';
import { showAge, showCount } from './show.js';
import type { Strings } from './strings-english.js';

const WIDTH = 600;
const HEIGHT = 100;
/** More are tiring to listen to. */
const MAX_ROWS = 25;

export interface PlotPoint {
  readonly atMs: number;
  /** Undefined: unknown at that time. */
  readonly value: number | undefined;
}

export interface Plot {
  /** Of the page's plots each has another one. */
  readonly id: string;
  readonly title: string;
  /** Oldest first. */
  readonly points: readonly PlotPoint[];
  /** A longer time between points interrupts the line. In ms. */
  readonly gapMs: number;
  readonly nowMs: number;
}

type KnownPoint = PlotPoint & { readonly value: number };

/** @returns nothing if there are not two points to join */
export function plot({ id, title, points, gapMs, nowMs }: Plot, words: Strings): Markup | false {
  const known = points.filter((point): point is KnownPoint => point.value !== undefined);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || first === last) return false;
  const { language } = words;
  const values = known.map(({ value }) => value);
  const count = (value: number): string => showCount(Math.round(value), language);
  const top = roundUp(Math.max(...values));
  const x = (atMs: number): string => (((atMs - first.atMs) / (last.atMs - first.atMs)) * WIDTH).toFixed(1);
  const y = (value: number): string => ((1 - value / top) * HEIGHT).toFixed(1);
  const line = known.map((point, i) => {
    const isNew = i === 0 || point.atMs - known[i - 1]!.atMs > gapMs;
    return `${isNew ? 'M' : 'L'}${x(point.atMs)} ${y(point.value)}`;
  });
  const summary = words.plotSummary(count(Math.min(...values)), count(Math.max(...values)), count(last.value));
  return html`<figure class="plot"><figcaption>${title}</figcaption>
<div class="axes"><span>${count(top)}</span><span>0</span><svg role="img" aria-labelledby="${id}-title ${id}-summary" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"><title id="${id}-title">${title}</title><desc id="${id}-summary">${summary}</desc><path d="${new Markup(line.join(''))}"/></svg><span class="from">${showAge(first.atMs, nowMs, language)}</span><span class="to">${showAge(last.atMs, nowMs, language)}</span></div>
<details><summary>${words.asTable}</summary><table><caption>${title}</caption><thead><tr><th scope="col">${words.time}</th><th scope="col" class="number">${title}</th></tr></thead><tbody>
${thinned(known).map(({ atMs, value }) => html`<tr><th scope="row">${showAge(atMs, nowMs, language)}</th><td class="number">${count(value)}</td></tr>\n`)}</tbody></table></details></figure>
`;
}

/** The next of 1, 2, 5, 10, 20 … */
function roundUp(value: number): number {
  if (!(value > 1)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

/** Evenly, from the newest on. */
function thinned(points: readonly KnownPoint[]): KnownPoint[] {
  const step = Math.ceil(points.length / MAX_ROWS);
  return points.filter((_, i) => (points.length - 1 - i) % step === 0).reverse();
}
