/**
 * Knot Resolver: a zone file that it watches, and the rules that choose the clients. The first rule that matches a client
 * counts, so clients that opted out come first. It applies the zone to the name that is asked, never along CNAME chains.
 */
import { formatPrefix } from '../../domain/ip-address.js';
import type { ExportFormat } from './export-format.js';
import { dataZoneFile } from './zone-files.js';

export const knotExport: ExportFormat = {
  files: (exported, pathOf) => {
    const { clients, optOut } = exported.redirections;
    const zone = `policy.rpz(policy.DENY, '${pathOf('rpz')}', true)`;
    return [
      {
        ...{ part: 'main', ending: '.lua', comment: '--' },
        about: ['The redirections for Knot Resolver. In kresd.conf:', `  dofile('${pathOf('main')}')`],
        text: [
          "modules = { 'policy', 'view' }",
          ...optOut.map((prefix) => `view:addr('${formatPrefix(prefix)}', policy.all(policy.PASS))`),
          ...(clients?.map((prefix) => `view:addr('${formatPrefix(prefix)}', ${zone})`) ?? [`policy.add(${zone})`]),
          '',
        ].join('\n'),
      },
      dataZoneFile(exported),
    ];
  },
  // It watches the zone.
  reload: (changed) => (changed.has('main') ? [['systemctl', 'restart', 'kresd@*']] : []),
  warnings: () => [
    'Knot Resolver does not redirect a CNAME chain that leads to a redirected name; the original serves those users',
  ],
};
