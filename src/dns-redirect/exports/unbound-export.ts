/** Unbound on files: two `rpz` clauses, the exempt zone first, because Unbound applies names before clients within a zone. */
import type { ExportFormat } from './export-format.js';
import { dataZoneFile, exemptZoneFile } from './zone-files.js';

export const unboundExport: ExportFormat = {
  files: (exported, pathOf) => {
    const clause = (name: string, part: string): string =>
      ['rpz:', `  name: ${name}`, `  zonefile: "${pathOf(part)}"`].join('\n');
    return [
      {
        ...{ part: 'main', ending: '.conf', comment: '#' },
        about: [
          'The redirections for Unbound. At the end of unbound.conf:',
          `  include-toplevel: "${pathOf('main')}"`,
          'It sets module-config; if you set it elsewhere, put respip first there, and remove it here.',
        ],
        text: [
          'server:',
          '  module-config: "respip validator iterator"',
          clause(exported.exemptZone, 'exempt'),
          clause(exported.zone, 'rpz'),
          '',
        ].join('\n'),
      },
      exemptZoneFile(exported),
      dataZoneFile(exported),
    ];
  },
  reload: (changed, { zone, exemptZone }) => {
    if (changed.has('main')) return [['unbound-control', 'reload']];
    return [
      ...(changed.has('exempt') ? [['unbound-control', 'auth_zone_reload', exemptZone]] : []),
      ...(changed.has('rpz') ? [['unbound-control', 'auth_zone_reload', zone]] : []),
    ];
  },
  warnings: () => [],
};
