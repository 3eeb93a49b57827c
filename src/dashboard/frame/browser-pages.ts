/** The pages outside of a session: login, and what is wrong with a request. */
import type { BrowserPages, LoginView } from '../../control-api/login-routes.js';
import type { Problem } from '../../control-api/problem.js';
import { html, type Markup } from '../../markup/markup.js';
import { document, pageAnswer } from './frame.js';

export const browserPages: BrowserPages = {
  login: (view) => pageAnswer(view.isDetour ? detour(view.next) : login(view)),
  problem: (problem) => pageAnswer(problemPage(problem)),
};

function login({ next, problem }: LoginView): Markup {
  return document(
    'Log in',
    html`<main class="login card"><h1>alias tracker</h1>
${problem === undefined ? '' : html`<p class="bad" role="alert">${problem}</p>`}
<form method="post" action="/login"><input type="hidden" name="next" value="${next}">
<label for="token">Token</label><input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Log in</button></form>
<p class="soft">An operator’s token or a viewer’s token: <code>alias-tracker token new --control NAME</code> or <code>--viewer NAME</code> makes one.</p></main>`,
    false,
  );
}

/** Browsers send the cookie to this page's own links, not to a link of another site. */
function detour(next: string): Markup {
  const head = html`<meta http-equiv="refresh" content="0;url=${next}">`;
  return document(
    'Continue',
    html`<main class="login"><h1>alias tracker</h1><p><a href="${next}">Continue</a></p></main>`,
    false,
    head,
  );
}

function problemPage({ message, status }: Problem): Markup {
  const title = status === 404 ? 'Not found' : status === 403 ? 'Not allowed' : 'This did not work';
  return document(
    title,
    html`<main class="login"><h1>${title}</h1><p>${message}</p><p><a href="/">Overview</a></p></main>`,
    false,
  );
}
