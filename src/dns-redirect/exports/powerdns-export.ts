/**
 * PowerDNS Recursor: a zone file, and a script that chooses the clients. The packet cache would hand the answer for one
 * client to another, so `gettag` keeps the two kinds apart; `prerpz` applies the zone to one of them.
 */
import { formatPrefix, type Prefix } from '../../domain/ip-address.js';
import type { ExportFormat } from './export-format.js';
import { dataZoneFile } from './zone-files.js';

const POLICY = 'alias-tracker';

export const powerdnsExport: ExportFormat = {
  files: (exported, pathOf) => {
    const { clients, optOut } = exported.redirections;
    return [
      {
        ...{ part: 'main', ending: '.lua', comment: '--' },
        about: [
          'The redirections for PowerDNS Recursor. In recursor.conf:',
          `  lua-config-file=${pathOf('main')}`,
          `  lua-dns-script=${pathOf('clients')}`,
          '  packetcache-ttl=10',
          'If you have such files already, add the line below to the first one, and the functions to the second one.',
        ],
        text: `rpzFile("${pathOf('rpz')}", { policyName = "${POLICY}", maxTTL = 60 })\n`,
      },
      {
        ...{ part: 'clients', ending: '.lua', comment: '--' },
        about: ['The clients that are redirected.'],
        text: clientScript(clients, optOut),
      },
      dataZoneFile(exported),
    ];
  },
  reload: (changed) => [
    ...(changed.has('main') || changed.has('rpz') ? [['rec_control', 'reload-lua-config']] : []),
    ...(changed.has('clients') ? [['rec_control', 'reload-lua-script']] : []),
  ],
  warnings: () => [],
};

function clientScript(clients: readonly Prefix[] | undefined, optOut: readonly Prefix[]): string {
  const group = (name: string, prefixes: readonly Prefix[]): string[] => [
    `${name} = newNMG()`,
    ...prefixes.map((prefix) => `${name}:addMask("${formatPrefix(prefix)}")`),
  ];
  const isClient = clients === undefined ? 'true' : 'clients:match(remote)';
  return [
    ...(clients === undefined ? [] : group('clients', clients)),
    ...group('exempt', optOut),
    `local function redirected(remote) return ${isClient} and not exempt:match(remote) end`,
    'function gettag(remote, ednssubnet, localip, qname, qtype, ednsoptions, tcp)',
    '  if redirected(remote) then return 1 end',
    '  return 2',
    'end',
    'function prerpz(dq)',
    `  if not redirected(dq.remoteaddr) then dq:discardPolicy("${POLICY}") end`,
    '  return false',
    'end',
    '',
  ].join('\n');
}
