/** The plots of a report, as inline SVG. */
import { escapeMarkup } from '../markup/markup.js';
import type { HoursResult } from './hours-result.js';
import type { PolicyResult, ScenarioResult } from './run-scenario.js';

/** One for each policy of a scenario. */
export const COLOURS = ['#8d99ae', '#e09f3e', '#2a7f62', '#9e2a2b', '#335c67'];
const WIDTH = 640;
const HEIGHT = 280;
const MARGIN = { left: 56, right: 16, top: 12, bottom: 40 };
const PLOT_WIDTH = WIDTH - MARGIN.left - MARGIN.right;
const PLOT_HEIGHT = HEIGHT - MARGIN.top - MARGIN.bottom;
const MINUTES_A_DAY = 24 * 60;
/** The minutes between two labels of the time axis, and how many labels fit on it. */
const LABEL_EVERY_MINUTES = [15, 60, 180, 720];
const MOST_LABELS = 14;

/** @param values [policy][group] */
export function bars(
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

export function completionPlot(policies: readonly PolicyResult[]): string {
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

/** Foreign traffic of the localised networks over the hours; the window is shaded. */
export function trafficPlot({ policies, startsAtMinutes, windows }: ScenarioResult): string {
  const series = policies.flatMap(({ hours }, policy) =>
    hours ? [{ policy, megabits: megabitsPerSecond(hours) }] : [],
  );
  const slotSeconds = policies.find(({ hours }) => hours)?.hours?.slotSeconds ?? 1;
  const seconds = Math.max(1, ...series.map(({ megabits }) => megabits.length)) * slotSeconds;
  const top = niceCeiling(Math.max(1e-9, ...series.flatMap(({ megabits }) => megabits)));
  const x = (at: number): number => MARGIN.left + (Math.min(at, seconds) / seconds) * PLOT_WIDTH;
  const shades = windows
    .filter(({ fromSeconds }) => fromSeconds < seconds)
    .map(({ fromSeconds: from, toSeconds: to }) => {
      const width = (x(to) - x(from)).toFixed(1);
      return `<rect class="window" x="${x(from).toFixed(1)}" y="${MARGIN.top}" width="${width}" height="${PLOT_HEIGHT}" fill="#fff3c4"/>`;
    });
  const curves = series.map(({ policy, megabits }) => {
    const points = megabits.map((value, slot) => {
      const y = MARGIN.top + PLOT_HEIGHT * (1 - value / top);
      return `${x((slot + 0.5) * slotSeconds).toFixed(1)},${y.toFixed(1)}`;
    });
    return `<polyline fill="none" stroke="${COLOURS[policy]}" stroke-width="1.5" points="${points.join(' ')}"/>`;
  });
  const ticks: string[] = [];
  const every = LABEL_EVERY_MINUTES.find((step) => seconds / 60 / step <= MOST_LABELS) ?? LABEL_EVERY_MINUTES.at(-1)!;
  const first = Math.ceil(startsAtMinutes / every) * every;
  for (let minutes = first; (minutes - startsAtMinutes) * 60 <= seconds; minutes += every) {
    const at = x((minutes - startsAtMinutes) * 60).toFixed(1);
    ticks.push(`<text x="${at}" y="${HEIGHT - 20}" text-anchor="middle">${timeOfDay(minutes)}</text>`);
  }
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${shades.join('')}${axis(top, (value) => `${formatNumber(value)} Mb/s`)}${ticks.join('')}${curves.join('')}</svg>`;
}

function megabitsPerSecond({ foreignBytes, slotSeconds }: HoursResult): number[] {
  return foreignBytes.map((bytes) => (bytes * 8) / slotSeconds / 1e6);
}

/** Minutes since midnight as `HH:MM`; those of the next day as well. */
export function timeOfDay(minutes: number): string {
  const ofDay = minutes % MINUTES_A_DAY;
  return `${String(Math.floor(ofDay / 60)).padStart(2, '0')}:${String(Math.floor(ofDay % 60)).padStart(2, '0')}`;
}

function formatNumber(value: number): string {
  return value.toFixed(value === 0 || value >= 10 ? 0 : 1);
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
