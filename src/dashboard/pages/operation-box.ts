/** What is paused, and the forms that pause, resume and drain. */
import { html, type Markup } from '../../markup/markup.js';
import { type OperationAnswer, operationAnswer } from '../../operation/api/operation-routes.js';
import { form } from '../forms.js';
import type { Viewer } from '../frame/frame.js';
import { ago, instant } from '../frame/show.js';
import type { PageCalls } from '../page-calls.js';

type Pause = OperationAnswer['redirection'];

const DURATIONS = [
  ['600', '10 minutes'],
  ['3600', '1 hour'],
  ['', 'until resumed'],
] as const;

const EFFECTS = {
  redirection: 'While it is paused, every name is forwarded and clients reach the original sites.',
  localisation: 'While it is paused, peers are chosen at random, as an original tracker would.',
} as const;

export async function operationBox(api: PageCalls, viewer: Viewer, back: string, nowMs: number): Promise<Markup> {
  const state = await api.get('/api/v1/operation', operationAnswer);
  if (state === undefined) {
    return html`${api.box('/api/v1/operation', html`<p class="soft">This tracker cannot be paused.</p>`)}`;
  }
  const { redirection, localisation, drain } = state;
  return html`${pauseBox('redirection', redirection, { api, viewer, back, nowMs })}${pauseBox('localisation', localisation, { api, viewer, back, nowMs })}
<div class="card"><p><strong>Drain</strong>: ${drain.draining ? html`<span class="warn">drains${drain.quiet ? ', and no client announces any more' : ''}</span>` : 'off'}. Draining leads clients to their original trackers before a long maintenance.</p>
${drain.draining ? form({ action: 'resume', back, fields: { what: 'drain' }, button: 'End the drain' }, viewer, api) : form({ action: 'drain', back, button: 'Drain', tone: 'danger' }, viewer, api)}</div>`;
}

interface BoxContext {
  readonly api: PageCalls;
  readonly viewer: Viewer;
  readonly back: string;
  readonly nowMs: number;
}

function pauseBox(what: keyof typeof EFFECTS, state: Pause, { api, viewer, back, nowMs }: BoxContext): Markup {
  const label = what === 'redirection' ? 'Redirection' : 'Localisation';
  const select = html`<label><span>for</span><select name="forSeconds">${DURATIONS.map(([value, text]) => html`<option value="${value}">${text}</option>`)}</select></label>`;
  const control = state.paused
    ? form({ action: 'resume', back, fields: { what }, button: `Resume ${what}` }, viewer, api)
    : form(
        { action: 'pause', back, fields: { what }, button: `Pause ${what}`, tone: 'second', inputs: select },
        viewer,
        api,
      );
  return html`<div class="card"><p><strong>${label}</strong>: ${state.paused ? html`<span class="warn">${pausedInWords(state, nowMs)}</span>` : html`<span class="good">in force</span>`}. ${EFFECTS[what]}</p>${control}</div>`;
}

function pausedInWords({ since, until, by }: Pause, nowMs: number): string {
  const parts = ['paused'];
  if (by !== null) parts.push(`by ${by}`);
  if (since !== null) parts.push(ago(Date.parse(since), nowMs));
  parts.push(until === null ? 'until resumed' : `until ${instant(Date.parse(until))}`);
  return parts.join(' ');
}
