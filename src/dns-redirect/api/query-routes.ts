/** The call that shows what the DNS server answered about each redirected name, and which clients ask too often. */
import { z } from 'zod';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { MAX_SHOWN_LIMITED_PREFIXES } from '../limits.js';
import type { RunningRedirection } from '../running-redirection.js';

export type QueryView = Pick<RunningRedirection, 'policy' | 'nameCounts' | 'limitedPrefixes'>;

/** @param running undefined if the own DNS server is switched off: the call answers 404 and says so */
export function queryRoutes(running: () => QueryView | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/redirections/queries',
      summary: 'Questions to the DNS server about each redirected name, and clients that ask too often',
      access: 'viewer',
      answers: [{ status: 200, description: 'Counts since the start of the program.', schema: queriesAnswer }],
      handle: async () => ({ json: show(switchedOn(running(), 'the DNS redirection')) }),
    }),
  ];
}

function show(running: QueryView): z.input<typeof queriesAnswer> {
  return {
    mode: running.policy.mode,
    names: running.nameCounts(),
    limitedPrefixes: [...running.limitedPrefixes()],
  };
}

const count = z.int().min(0);

export const queriesAnswer = z.strictObject({
  mode: z.enum(['redirect', 'shadow']),
  names: z.array(
    z.strictObject({
      name: z.string(),
      redirected: count,
      wouldRedirect: count.meta({ description: 'in shadow mode: forwarded, and redirected without it' }),
      withheld: count.meta({ description: 'forwarded, because the target does not serve users of the name' }),
    }),
  ),
  limitedPrefixes: z
    .array(
      z.strictObject({
        prefix: z.string(),
        proven: z.boolean().meta({ description: 'a server cookie shows that its addresses are not forged' }),
        questions: count.meta({ description: 'over its rate; rough, because the table of clients has a fixed size' }),
      }),
    )
    .meta({ description: `at most ${MAX_SHOWN_LIMITED_PREFIXES}, those with the most such questions first` }),
});
