/** BIND on files: two primary zones, and the lines of `options` that apply them. */
import type { ExportFormat } from './export-format.js';
import { dataZoneFile, exemptZoneFile } from './zone-files.js';

export const bindExport: ExportFormat = {
  files: (exported, pathOf) => {
    const { zone, exemptZone } = exported;
    const primary = (name: string, part: string): string =>
      [
        `zone "${name}" {`,
        `  type primary; file "${pathOf(part)}";`,
        '  allow-query { none; }; allow-transfer { none; }; notify no; check-names ignore; check-integrity no;',
        '};',
      ].join('\n');
    return [
      {
        ...{ part: 'main', ending: '.conf', comment: '//' },
        about: [
          'The redirections for BIND. In named.conf, outside of options:',
          `  include "${pathOf('main')}";`,
          'Within options { … }:',
          `  include "${pathOf('options')}";`,
        ],
        text: `${primary(exemptZone, 'exempt')}\n${primary(zone, 'rpz')}\n`,
      },
      {
        ...{ part: 'options', ending: '.conf', comment: '//' },
        about: ['Which zones BIND applies. It belongs into options { … }.'],
        text: [
          'response-policy {',
          `  zone "${exemptZone}";`,
          `  zone "${zone}" max-policy-ttl 60;`,
          '} break-dnssec no qname-wait-recurse no min-update-interval 0;',
          '',
        ].join('\n'),
      },
      exemptZoneFile(exported),
      dataZoneFile(exported),
    ];
  },
  reload: (changed, { zone, exemptZone }) => {
    if (changed.has('main') || changed.has('options')) return [['rndc', 'reload']];
    return [
      ...(changed.has('exempt') ? [['rndc', 'reload', exemptZone]] : []),
      ...(changed.has('rpz') ? [['rndc', 'reload', zone]] : []),
    ];
  },
  warnings: () => [],
};
