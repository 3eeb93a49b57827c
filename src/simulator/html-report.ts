/** A scenario's result as one self-contained HTML page with plots (inline SVG, no scripts, no external resources). */
import { escapeMarkup } from '../markup/markup.js';
import { hoursHeader, hoursRows } from './hours-table.js';
import { bars, COLOURS, completionPlot, trafficPlot } from './plots.js';
import type { PolicyResult, ScenarioResult } from './run-scenario.js';

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
${hoursSection(result)}</body></html>
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

/** Nothing for a scenario without a window. */
function hoursSection(result: ScenarioResult): string {
  const rows = hoursRows(result);
  if (rows.length === 0) return '';
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeMarkup(cell)}</${tag}>`).join('')}</tr>`;
  return `<h2>Traffic from outside over time</h2><p>The window is shaded.</p>${trafficPlot(result)}
<table><thead>${row(hoursHeader(result), 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>
`;
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

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
