/** The alarms that are open, grouped by what they concern, for the badge, the overview and the log. */
import { html, type Insertable, type Markup } from '../../markup/markup.js';
import { alarmsAnswer } from '../../operation/api/alarm-routes.js';
import { instant } from '../frame/show.js';
import { overviewAnswer } from '../overview.js';
import type { PageCalls } from '../page-calls.js';

export interface Alarm {
  readonly severity: 'critical' | 'warning';
  readonly text: string;
  readonly subject?: string | null;
  readonly begunMs?: number;
  /** What to do. */
  readonly remedy?: string;
  /** Which kind, and where it is described. */
  readonly id?: string;
  readonly document?: string;
}

/** The critical ones first. What keeps the tracker from being ready is one as well. */
export async function openAlarms(api: PageCalls): Promise<readonly Alarm[]> {
  const readiness = await api.get('/api/v1/overview', overviewAnswer);
  const answer = await api.get('/api/v1/alarms', alarmsAnswer);
  const open = (answer?.open ?? []).map(({ begunAt, ...rest }): Alarm => ({ ...rest, begunMs: Date.parse(begunAt) }));
  const known = new Set(open.map(({ text }) => text));
  const notReady = (readiness?.notReady ?? []).filter((text) => !known.has(text));
  return [...notReady.map((text): Alarm => ({ severity: 'critical', text: `Not ready: ${text}` })), ...open];
}

/** Alarms of one kind: forty silent sub-domains are one thing to look after. */
export interface AlarmGroup extends Alarm {
  readonly alike: readonly Alarm[];
}

/** In the order of the first of each kind. */
export function grouped(open: readonly Alarm[]): AlarmGroup[] {
  const groups = new Map<string, { readonly first: Alarm; readonly alike: Alarm[] }>();
  for (const each of open) {
    const key = each.id === undefined ? each.text : `${each.severity} ${each.id}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: each, alike: [each] });
    else group.alike.push(each);
  }
  return [...groups.values()].map(({ first, alike }) => ({ ...first, alike }));
}

const ALARM_CALLS = ['/api/v1/overview', '/api/v1/alarms'];
const MAX_GROUPS = 20;
/** Of one group; the API lists all. */
const MAX_ALIKE = 50;

/** Of those that are known: a call that failed may hide others. */
export function alarmBox(open: readonly Alarm[], api: PageCalls): Insertable {
  const known = open.length === 0 ? '' : alarmList(open);
  const isWhole = api.box(ALARM_CALLS, '') === '';
  return isWhole ? alarmList(open) : html`${api.box(ALARM_CALLS, '')}${known}`;
}

function alarmList(open: readonly Alarm[]): Markup {
  if (open.length === 0) return html`<p class="good">No open alarms.</p>`;
  const groups = grouped(open);
  const rest = groups.length - MAX_GROUPS;
  return html`<ul class="alarms">${groups.slice(0, MAX_GROUPS).map(groupItem)}</ul>${rest > 0 ? html`<p class="soft">${rest} more kinds of alarms.</p>` : ''}
<p class="files">Alarms: <a href="/api/v1/alarms">JSON</a></p>`;
}

function groupItem({ severity, text, remedy, document, alike, begunMs }: AlarmGroup): Markup {
  const others =
    alike.length === 1
      ? ''
      : html`<details><summary>${alike.length} of this kind</summary><ul>${alike.slice(0, MAX_ALIKE).map((each) => html`<li>${each.text}</li>`)}</ul></details>`;
  return html`<li class="${severity}"><strong>${severity}</strong> ${text}${begunMs === undefined ? '' : html` <span class="soft">since ${instant(begunMs)}</span>`}
${others}${remedy === undefined ? '' : html`<div>${remedy}</div>`}${document === undefined ? '' : html`<div class="soft"><code>${document}</code></div>`}</li>`;
}
