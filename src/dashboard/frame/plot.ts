/**
 * Plots as inline SVG: sparklines, and layers over time with marks for events. Each has its values as a table for those who
 * cannot see it. Labels are text of the page, so that they stay legible where the drawing is narrow.
 */
import { html, type Markup } from '../../markup/markup.js';
import { cell } from './cells.js';
import { instant } from './show.js';

const WIDTH = 600;
const HEIGHT = 140;
/** More are tiring to listen to. */
const MAX_ROWS = 24;

/** null: unknown at that time, a gap. */
export type Value = number | null;

export interface Layer {
  readonly name: string;
  /** One for each time. */
  readonly values: readonly Value[];
}

export interface Mark {
  readonly atMs: number;
  readonly text: string;
}

export interface LayerPlot {
  /** Unique on its page. */
  readonly id: string;
  readonly title: string;
  /** In ascending order. */
  readonly timesMs: readonly number[];
  /** Stacked, the first at the bottom; at most five have a colour of their own. */
  readonly layers: readonly Layer[];
  /** Stacked areas, or lines on one axis. */
  readonly kind: 'stacked' | 'lines';
  readonly marks: readonly Mark[];
  show(value: number): string;
}

/** A line without axes beside a number, which stands for it in words. @param id unique on its page */
export function sparkline(id: string, values: readonly Value[]): Markup | '' {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return '';
  const top = Math.max(...known, Number.MIN_VALUE);
  const at = (i: number): string => ((i / (values.length - 1)) * 100).toFixed(1);
  const path = lineOf(values, at, (value) => (24 - (value / top) * 22).toFixed(1));
  return html`<svg class="spark" viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden="true">${cell('path', id, '', { d: path })}</svg>`;
}

/** @returns a sentence if there are not two times to join */
export function layerPlot(plot: LayerPlot): Markup {
  const { id, title, timesMs, layers, kind, marks, show } = plot;
  const [first, last] = [timesMs[0], timesMs.at(-1)];
  if (first === undefined || last === undefined || first === last || layers.length === 0) {
    return html`<p class="soft">${title}: nothing was recorded in this time yet.</p>`;
  }
  const sums = timesMs.map((_, i) => layers.reduce((sum, { values }) => sum + (values[i] ?? 0), 0));
  const top = roundUp(
    Math.max(...(kind === 'stacked' ? sums : layers.flatMap(({ values }) => values.map((value) => value ?? 0)))),
  );
  const x = (atMs: number): string => (((atMs - first) / (last - first)) * WIDTH).toFixed(1);
  const y = (value: number): string => ((1 - value / top) * HEIGHT).toFixed(1);
  const at = (i: number): string => x(timesMs[i]!);
  const shapes = kind === 'stacked' ? areas(layers, at, y) : layers.map(({ values }) => lineOf(values, at, y));
  const shownMarks = marks.filter(({ atMs }) => atMs >= first && atMs <= last);
  return html`<figure class="plot"><figcaption>${title}</figcaption>
<ul class="legend">${layers.map(({ name }, i) => html`<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="fill c${i}" width="10" height="10"/></svg>${name}</li>`)}</ul>
<div class="axes"><span>${show(top)}</span><span>${show(0)}</span><svg role="img" aria-labelledby="${id}-title" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"><title id="${id}-title">${title}; the table below has the values</title>
${shapes.map((path, i) => cell('path', `${id} ${i}`, '', { class: `${kind === 'stacked' ? 'fill' : 'line'} c${i}`, d: path }))}${shownMarks.map((mark) => html`<path class="mark" d="M${x(mark.atMs)} 0V${HEIGHT}"><title>${mark.text}, ${instant(mark.atMs)}</title></path>`)}</svg><span class="from">${instant(first)}</span><span class="to">${instant(last)}</span></div>
${valueTable(plot, shownMarks)}</figure>
`;
}

function valueTable({ title, timesMs, layers, show }: LayerPlot, marks: readonly Mark[]): Markup {
  const step = Math.ceil(timesMs.length / MAX_ROWS);
  const rows = timesMs.map((_, i) => i).filter((i) => (timesMs.length - 1 - i) % step === 0);
  const value = (found: Value | undefined): string => (found === null || found === undefined ? '–' : show(found));
  return html`<details><summary>${title} as a table</summary><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table><caption>${title}</caption><thead><tr><th scope="col">time</th>${layers.map(({ name }) => html`<th scope="col" class="n">${name}</th>`)}</tr></thead><tbody>
${rows.map((i) => html`<tr><th scope="row">${instant(timesMs[i]!)}</th>${layers.map(({ values }) => html`<td class="n">${value(values[i])}</td>`)}</tr>\n`)}</tbody></table></div>
${marks.length === 0 ? '' : html`<ul>${marks.map(({ atMs, text }) => html`<li>${instant(atMs)}: ${text}</li>`)}</ul>`}</details>`;
}

type At = (i: number) => string;
type Y = (value: number) => string;

function areas(layers: readonly Layer[], at: At, y: Y): string[] {
  const below = layers[0]!.values.map(() => 0);
  return layers.map(({ values }) => {
    const floor = [...below];
    const ceiling = values.map((value, i) => (below[i] = floor[i]! + (value ?? 0)));
    const up = ceiling.map((value, i) => `${i === 0 ? 'M' : 'L'}${at(i)} ${y(value)}`).join('');
    const down = floor
      .map((value, i) => `L${at(i)} ${y(value)}`)
      .reverse()
      .join('');
    return `${up}${down}Z`;
  });
}

function lineOf(values: readonly Value[], at: At, y: Y): string {
  let path = '';
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    const begins = i === 0 || values[i - 1] === null;
    path += `${begins ? 'M' : 'L'}${at(i)} ${y(value)}`;
  }
  return path;
}

/** The next of 1, 2, 5, 10, 20 … */
function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

export interface HeatCell {
  readonly id: string;
  readonly href: string;
  /** From 0, the coolest, to 6; null: unknown. */
  readonly level: number | null;
  readonly text: string;
}

const HEAT_COLUMNS = 40;

/** One square for each, with its text as a title; the list of the page that it leads to has the values. */
export function heatMap(id: string, title: string, cells: readonly HeatCell[]): Markup {
  const columns = Math.min(HEAT_COLUMNS, Math.max(1, cells.length));
  const rows = Math.ceil(cells.length / columns);
  const squares = cells.map((each, i) => {
    const classes = `heat h${each.level ?? 'none'}`;
    const place = { x: (i % columns) * 12, y: Math.floor(i / columns) * 12, width: 11, height: 11 };
    return html`<a href="${each.href}" tabindex="-1">${cell('rect', `${id} ${each.id}`, '', { class: classes, ...place, 'data-title': each.text })}</a>`;
  });
  return html`<figure class="heatmap"><figcaption>${title}</figcaption><svg aria-hidden="true" width="${columns * 26}" viewBox="0 0 ${columns * 12} ${rows * 12}">${squares}</svg>
<p class="soft legend">${['idle', '', '', 'usual', '', '', 'dense'].map((word, level) => html`<svg viewBox="0 0 10 10" aria-hidden="true"><rect class="heat h${level}" width="10" height="10"/></svg>${word} `)}<svg viewBox="0 0 10 10" aria-hidden="true"><rect class="heat hnone" width="10" height="10"/></svg>counts as average</p></figure>
`;
}
