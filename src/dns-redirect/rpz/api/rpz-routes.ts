/** The call that shows the response policy zones, and which version each resolver has. */
import { z } from 'zod';
import { type Route, route, switchedOn } from '../../../control-api/route.js';
import { formatEndpoint } from '../../../net/endpoint.js';
import { nameToText } from '../../wire/domain-name.js';
import type { RunningRpz } from '../running-rpz.js';

/** @param rpz undefined if the RPZ server is switched off: the call answers 404 and says so */
export function rpzRoutes(rpz: () => Pick<RunningRpz, 'zones' | 'unknownNames'> | undefined): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/redirections/rpz',
      summary: 'Response policy zones, and which version each resolver has',
      access: 'viewer',
      answers: [{ status: 200, description: 'One entry for each zone.', schema: rpzAnswer }],
      handle: async () => ({ json: show(switchedOn(rpz(), 'the RPZ server')) }),
    }),
  ];
}

function show({ zones, unknownNames }: Pick<RunningRpz, 'zones' | 'unknownNames'>): z.input<typeof rpzAnswer> {
  return {
    zones: zones.map(({ zone, serial, records, publishedMs, secondaries }) => ({
      ...{ name: nameToText(zone), serial, records, published: timeOf(publishedMs) },
      secondaries: secondaries.map((each) => ({
        address: formatEndpoint(each.secondary.endpoint),
        serial: each.serial ?? null,
        upToDate: !each.lacks,
        lags: each.lags,
        lastRequest: each.seenMs === undefined ? null : timeOf(each.seenMs),
        unansweredNotifies: each.unansweredNotifies,
        notifyResponseCode: each.notifyRcode ?? null,
      })),
    })),
    namesWithoutRecords: unknownNames,
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

export const rpzAnswer = z.strictObject({
  zones: z.array(
    z.strictObject({
      name: z.string(),
      serial: z.int(),
      records: z.int().meta({ description: 'without the SOA' }),
      published: z.iso.datetime().meta({ description: 'when this version was published, or the program started' }),
      secondaries: z.array(
        z.strictObject({
          address: z.string(),
          serial: z.int().nullable().meta({ description: 'of the version that it has, as its requests show' }),
          upToDate: z.boolean(),
          lags: z.boolean().meta({ description: 'it still lacks the version some minutes after its publication' }),
          lastRequest: z.iso.datetime().nullable().meta({ description: 'since the start of the program' }),
          unansweredNotifies: z.int().meta({ description: 'NOTIFY messages of this version without an answer' }),
          notifyResponseCode: z.int().nullable().meta({ description: 'of its last answer to NOTIFY; 0 is good' }),
        }),
      ),
    }),
  ),
  namesWithoutRecords: z.array(z.string()).meta({
    description: 'names that the zone lacks, because no resolver has told their MX, TXT and CAA records yet',
  }),
});
