/** The two zones of the redirection as files, for resolvers that read files. */

import { compileDataZone, compileExemptZone } from '../rpz/compile-zones.js';
import { nameFromText } from '../wire/domain-name.js';
import type { Exported, ExportedFile } from './export-format.js';
import { recordText } from './zone-file.js';

const NEVER_EXPIRES = 604_800;

export function dataZoneFile({ redirections, copies, zone, serial }: Exported, part = 'rpz'): ExportedFile {
  const { names, ttlSeconds } = redirections;
  return {
    ...{ part, ending: '.zone', comment: ';' },
    about: ['The redirected names as a response policy zone.'],
    text: zoneText(
      zone,
      serial,
      ttlSeconds,
      compileDataZone(nameFromText(zone), names, copies, ttlSeconds).map(recordText),
    ),
  };
}

export function exemptZoneFile({ redirections, exemptZone, serial }: Exported): ExportedFile {
  const { clients, optOut, ttlSeconds } = redirections;
  const records = compileExemptZone(nameFromText(exemptZone), clients, optOut, ttlSeconds);
  return {
    ...{ part: 'exempt', ending: '.zone', comment: ';' },
    about: [
      'The clients that are not redirected, as a response policy zone. It comes first in the list of the resolver.',
    ],
    text: zoneText(exemptZone, serial, ttlSeconds, records.map(recordText)),
  };
}

function zoneText(zone: string, serial: number, ttl: number, lines: readonly string[]): string {
  const times = `${serial} 3600 600 ${NEVER_EXPIRES} ${ttl}`;
  return [
    `${zone}. ${ttl} IN SOA alias-tracker.invalid. hostmaster.alias-tracker.invalid. ${times}`,
    ...lines,
    '',
  ].join('\n');
}
