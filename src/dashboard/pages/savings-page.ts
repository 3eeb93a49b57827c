/** What localisation saves: with its method and its time, as a page to print. */
import { html } from '../../markup/markup.js';
import * as answers from '../answers.js';
import { facts } from '../frame/parts.js';
import { bytes, instant, known, money, percent } from '../frame/show.js';
import { page } from '../page.js';

const PATH = '/savings';

export const savingsPage = page({
  path: PATH,
  menu: PATH,
  load: async ({ api, nowMs }) => {
    const overview = await api.get('/api/v1/overview', answers.overview);
    const savings = overview?.savings ?? null;
    return {
      title: 'Savings',
      tables: [],
      body: html`<p class="soft">As of ${instant(nowMs)}.</p>
${
  savings === null
    ? html`<p>Too little has been measured for an estimate.</p>`
    : html`${facts('savings', [
        ['kept inside, since the start', bytes(savings.bytesInside)],
        ['saved, since the start', money(savings.amount, savings.currency)],
        ['inner share of the peers given to inner clients, last minute', known(overview?.innerShare, percent)],
      ])}<p class="card">Method: ${savings.basis}.</p>`
}`,
    };
  },
});
