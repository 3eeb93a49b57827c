/** A scenario's result as one self-contained HTML page with plots (inline SVG, no scripts, no external resources). */
import { escapeMarkup } from '../markup/markup.js';
import type { PolicyResult, ScenarioResult } from './run-scenario.js';

const COLOURS = ['#8d99ae', '#e09f3e', '#2a7f62'];
const WIDTH = 640;
const HEIGHT = 280;
const MARGIN = { left: 56, right: 16, top: 12, bottom: 40 };
const PLOT_WIDTH = WIDTH - MARGIN.left - MARGIN.right;
const PLOT_HEIGHT = HEIGHT - MARGIN.top - MARGIN.bottom;

export function htmlReport(result: ScenarioResult): string {
  const { policies } = result;
  const legend = policies
    .map((p, i) => `<span><i style="background:${COLOURS[i]}"></i>${escapeMarkup(p.policy)}</span>`)
    .join(' ');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeMarkup(result.scenario)} – alias-tracker simulate</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:720px;margin:2rem auto;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{padding:.35rem .6rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}svg{width:100%;height:auto}text{font:11px system-ui,sans-serif;fill:#444}
.legend span{margin-right:1rem}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px}
</style></head><body>
<h1>${escapeMarkup(result.scenario)}</h1><p>${escapeMarkup(result.description)}</p>
${summaryTable(result)}
<p class="legend">${legend}</p>
<h2>Copies of the content that enter each localised network</h2>${copiesPlot(policies)}
<h2>Share of the download that comes from outside</h2>${sharePlot(policies)}
<h2>Completion time, share of the users</h2>${completionPlot(policies)}
</body></html>
`;
}

function summaryTable({ policies, currency }: ScenarioResult): string {
  const baseline = policies[0]!;
  const rows = policies.map((p) => {
    const cells = [
      p.meanCopiesIn.toFixed(2),
      percent(p.externalShare),
      `${Math.round(p.medianCompletionSeconds)} s`,
      `${p.cost.toFixed(2)} ${escapeMarkup(currency)}`,
      p === baseline ? '–' : `${(baseline.cost - p.cost).toFixed(2)} ${escapeMarkup(currency)}`,
    ];
    return `<tr><td>${escapeMarkup(p.policy)}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const head = ['policy', 'copies in', 'from outside', 'median', 'cost', 'saved']
    .map((title) => `<th>${title}</th>`)
    .join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function copiesPlot(policies: readonly PolicyResult[]): string {
  const names = policies[0]!.networks.filter((n) => n.localised).map((n) => n.name);
  const values = policies.map((p) => p.networks.filter((n) => n.localised).map((n) => n.copiesIn));
  return bars(names, values, (value) => value.toFixed(value < 10 ? 1 : 0));
}

function sharePlot(policies: readonly PolicyResult[]): string {
  return bars(
    [''],
    policies.map((p) => [100 * p.externalShare]),
    (value) => `${value.toFixed(0)} %`,
  );
}

/** @param values [policy][group] */
function bars(
  groups: readonly string[],
  values: readonly (readonly number[])[],
  label: (value: number) => string,
): string {
  const top = niceCeiling(Math.max(1e-9, ...values.flat()));
  const groupWidth = PLOT_WIDTH / groups.length;
  const barWidth = Math.min(60, (0.8 * groupWidth) / values.length);
  const shapes = groups.map((name, g) => {
    const middle = MARGIN.left + (g + 0.5) * groupWidth;
    const drawn = values.map((series, p) => {
      const height = (series[g]! / top) * PLOT_HEIGHT;
      const x = middle + (p - values.length / 2) * barWidth;
      const y = MARGIN.top + PLOT_HEIGHT - height;
      const caption =
        groups.length > 6
          ? ''
          : `<text x="${x + barWidth / 2}" y="${y - 3}" text-anchor="middle">${label(series[g]!)}</text>`;
      return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(barWidth * 0.92).toFixed(1)}" height="${height.toFixed(1)}" fill="${COLOURS[p]}"/>${caption}`;
    });
    const short = escapeMarkup(groups.length > 6 ? name.replace(/^\D+/, '') : name);
    return `${drawn.join('')}<text x="${middle}" y="${HEIGHT - 20}" text-anchor="middle">${short}</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${axis(top, label)}${shapes.join('')}</svg>`;
}

function completionPlot(policies: readonly PolicyResult[]): string {
  const last = niceCeiling(Math.max(1, ...policies.map((p) => p.completionSeconds.at(-1) ?? 0)));
  const curves = policies.map((p, i) => {
    const total = p.completionSeconds.length + p.incomplete;
    const step = Math.max(1, Math.floor(p.completionSeconds.length / 300));
    const points = p.completionSeconds.flatMap((seconds, rank) => {
      if (rank % step !== 0 && rank !== p.completionSeconds.length - 1) return [];
      const x = MARGIN.left + (seconds / last) * PLOT_WIDTH;
      const y = MARGIN.top + PLOT_HEIGHT * (1 - (rank + 1) / total);
      return [`${x.toFixed(1)},${y.toFixed(1)}`];
    });
    return `<polyline fill="none" stroke="${COLOURS[i]}" stroke-width="2" points="${points.join(' ')}"/>`;
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const x = MARGIN.left + share * PLOT_WIDTH;
    return `<text x="${x}" y="${HEIGHT - 20}" text-anchor="middle">${Math.round(share * last)} s</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${axis(100, (value) => `${value.toFixed(0)} %`)}${ticks.join('')}${curves.join('')}</svg>`;
}

function axis(top: number, label: (value: number) => string): string {
  return [0, 0.25, 0.5, 0.75, 1]
    .map((share) => {
      const y = MARGIN.top + PLOT_HEIGHT * (1 - share);
      const line = `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y}" y2="${y}" stroke="#e5e5e5"/>`;
      return `${line}<text x="${MARGIN.left - 6}" y="${y + 4}" text-anchor="end">${label(share * top)}</text>`;
    })
    .join('');
}

function niceCeiling(value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * magnitude).find((candidate) => candidate >= value)!;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
