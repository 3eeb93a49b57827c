/** Login and logout of browsers: a token becomes a session. The pages themselves come from the dashboard. */
import { z } from 'zod';
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import { localPath } from './local-path.js';
import type { Principal } from './principal.js';
import type { Problem } from './problem.js';
import { type Answer, type Route, route } from './route.js';
import { sessionCookie } from './session-cookie.js';
import type { Sessions } from './sessions.js';

export const LOGIN_PATH = '/login';

/** What the login page shows. */
export interface LoginView {
  /** Where the browser goes afterwards: a path of this site. */
  readonly next: string;
  /** What was wrong with the last attempt. */
  readonly problem?: string;
  /** The browser comes from another site, so it did not send its cookie: the page leads to `next` at once. */
  readonly isDetour: boolean;
}

/** The pages that browsers get in place of problem documents. */
export interface BrowserPages {
  login(view: LoginView): Answer;
  problem(problem: Problem): Answer;
}

export interface LoginNeeds {
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly pages: BrowserPages;
  /** Limits guesses. @throws Problem */
  checkToken(token: string, callerAddress: string): Principal;
}

const loginQuery = z.object({ next: z.string().optional(), from: z.literal('elsewhere').optional() });
const loginForm = z.object({ token: z.string().max(1_000), next: z.string().max(4_000).optional() });

export function loginRoutes({ sessions, clock, pages, checkToken }: LoginNeeds): Route[] {
  return [
    route({
      method: 'get',
      path: LOGIN_PATH,
      summary: 'The login page',
      access: 'anyone',
      forBrowsers: true,
      query: loginQuery,
      answers: [{ status: 200, description: 'HTML.' }],
      handle: ({ query, principal }) => {
        const next = localPath(query.next);
        return principal === undefined ? pages.login({ next, isDetour: query.from !== undefined }) : seeOther(next);
      },
    }),
    route({
      method: 'post',
      path: LOGIN_PATH,
      summary: 'Starts a session',
      access: 'anyone',
      forBrowsers: true,
      form: true,
      body: loginForm,
      answers: [{ status: 303, description: 'To the page that was asked for.' }],
      handle: ({ body, browser, callerAddress }) => {
        const next = localPath(body.next);
        try {
          const principal = checkToken(body.token.trim(), callerAddress);
          if (principal.kind !== 'operator' && principal.kind !== 'viewer') {
            const problem = `This token belongs to ${principal.kind} "${principal.name}". It does not open the dashboard.`;
            return { ...pages.login({ next, problem, isDetour: false }), status: 403 };
          }
          // An id that the browser had before may be known to somebody else (session fixation).
          if (browser.sessionId !== undefined) sessions.end(browser.sessionId);
          const id = sessions.start(principal, clock.nowMs());
          return seeOther(next, sessionCookie(id, browser.isSecure));
        } catch (thrown) {
          if (!(thrown instanceof ClientError)) throw thrown;
          const problem =
            thrown.retryAfterSeconds === undefined
              ? 'This token is invalid or revoked.'
              : `Too many wrong tokens. Try again in ${thrown.retryAfterSeconds} s.`;
          const status = thrown.retryAfterSeconds === undefined ? 401 : 429;
          return { ...pages.login({ next, problem, isDetour: false }), status };
        }
      },
    }),
    route({
      method: 'post',
      path: '/logout',
      summary: 'Ends the session',
      access: 'viewer',
      forBrowsers: true,
      form: true,
      body: z.object({}),
      answers: [{ status: 303, description: 'To the login page.' }],
      handle: ({ browser }) => {
        if (browser.sessionId !== undefined) sessions.end(browser.sessionId);
        return seeOther(LOGIN_PATH, sessionCookie(undefined, browser.isSecure));
      },
    }),
  ];
}

/** The browser continues with GET. @param location a path of this site */
export function seeOther(location: string, cookie?: string): Answer {
  return {
    status: 303,
    headers: { location, ...(cookie === undefined ? {} : { 'set-cookie': cookie }) },
    text: { contentType: 'text/plain; charset=utf-8', body: '' },
  };
}
