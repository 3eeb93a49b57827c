/** The alarms that are open, grouped by what they concern, for the badge and the overview. */
import { z } from 'zod';
import { html, type Markup } from '../../markup/markup.js';
import { overview } from '../answers.js';
import type { ApiReader } from '../api-reader.js';
import { ago } from '../frame/show.js';

export interface Alarm {
  readonly severity: 'error' | 'warning' | 'info';
  readonly text: string;
  readonly sinceMs?: number | undefined;
}

const OVERVIEW_PATH = '/api/v1/overview';

export async function openAlarms(api: ApiReader): Promise<readonly Alarm[]> {
  const schema = z.object({ notReady: overview.shape.notReady, alarms: overview.shape.alarms });
  const { notReady = [], alarms = [] } = (await api.get(OVERVIEW_PATH, schema)) ?? {};
  return [
    ...notReady.map((text) => ({ severity: 'error' as const, text: `Not ready: ${text}` })),
    ...alarms.map((text) => ({ severity: 'warning' as const, text })),
  ];
}

const MAX_SHOWN = 20;

export function alarmList(alarms: readonly Alarm[], nowMs: number, href: string): Markup {
  if (alarms.length === 0) return html`<p class="good">No open alarms.</p>`;
  const rest = alarms.length - MAX_SHOWN;
  return html`<ul class="alarms">${alarms
    .slice(0, MAX_SHOWN)
    .map(
      ({ severity, text, sinceMs }) =>
        html`<li class="${severity}"><strong>${severity}</strong> ${text}${sinceMs === undefined ? '' : html` <span class="soft">since ${ago(sinceMs, nowMs)}</span>`}</li>`,
    )}</ul>${rest > 0 ? html`<p><a href="${href}">${rest} more</a></p>` : ''}`;
}
