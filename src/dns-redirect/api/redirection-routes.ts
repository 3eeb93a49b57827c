/** The call that shows which names are redirected now. */
import { z } from 'zod';
import { type Document, type Route, route, switchedOn } from '../../control-api/route.js';

export interface RedirectionView {
  redirections(): Promise<readonly Document[]>;
}

/** @param view undefined if the DNS redirection is switched off: the call answers 404 and says so */
export function redirectionRoutes(view: RedirectionView | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/redirections',
      summary: 'Names that the DNS redirection answers, and whether it does now',
      access: 'operator',
      answers: [{ status: 200, description: 'One entry for each name.', schema: redirectionsAnswer }],
      handle: async () => {
        return { json: { redirections: await switchedOn(view, 'the DNS redirection').redirections() } };
      },
    }),
  ];
}

const redirectionsAnswer = z.strictObject({
  redirections: z.array(
    z.strictObject({
      name: z.string(),
      target: z.enum(['mirror', 'tracker']),
      active: z.boolean().meta({ description: 'false while its target does not answer' }),
      addresses: z.array(z.string()),
      ttlSeconds: z.int(),
    }),
  ),
});
