/** The call that `dns export` makes: what other resolvers redirect now. */
import { z } from 'zod';
import { type Route, route, switchedOn } from '../../control-api/route.js';
import { formatIp, formatPrefix, parseIp, parsePrefix } from '../../domain/ip-address.js';
import type { ActiveRedirections } from '../active-redirections.js';

export const ACTIVE_PATH = '/api/v1/redirections/active';

/** @param active undefined if the configuration has no redirection: the call answers 404 and says so */
export function activeRoutes(active: () => ActiveRedirections | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: ACTIVE_PATH,
      summary: 'Names that other resolvers redirect now, and for whom: what an export is made of',
      access: 'viewer',
      answers: [{ status: 200, description: 'Empty while nothing is redirected.', schema: activeAnswer }],
      handle: async () => ({ json: formatActive(switchedOn(active(), 'the DNS redirection')) }),
    }),
  ];
}

const activeAnswer = z.strictObject({
  names: z.array(
    z.strictObject({
      name: z.string(),
      addresses: z.array(z.string()).meta({ description: 'those that work' }),
      announceText: z
        .string()
        .nullable()
        .meta({ description: 'of a tracker: the TXT record that says which ports it has here (BEP 34)' }),
    }),
  ),
  clients: z.array(z.string()).nullable().meta({ description: 'prefixes that are redirected; null: everyone' }),
  optOut: z.array(z.string()),
  ttlSeconds: z.int(),
});

export function formatActive({
  names,
  clients,
  optOut,
  ttlSeconds,
}: ActiveRedirections): z.output<typeof activeAnswer> {
  return {
    names: names.map(({ name, addresses, announceText = null }) => ({
      ...{ name, announceText },
      addresses: addresses.map(formatIp),
    })),
    clients: clients?.map(formatPrefix) ?? null,
    optOut: optOut.map(formatPrefix),
    ttlSeconds,
  };
}

/** @throws Error if it is not an answer of this call */
export function parseActive(json: unknown): ActiveRedirections {
  const { names, clients, optOut, ttlSeconds } = activeAnswer.parse(json);
  return {
    names: names.map(({ name, addresses, announceText }) => ({
      ...{ name, announceText: announceText ?? undefined },
      addresses: addresses.map(parseIp),
    })),
    clients: clients?.map(parsePrefix),
    optOut: optOut.map(parsePrefix),
    ttlSeconds,
  };
}
