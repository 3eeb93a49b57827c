/**
 * dnsmasq: a file of hosts and a file of servers, which it reads again at SIGHUP, and a configuration for the rest. For each
 * name, `server=/name/` makes every type NODATA that is not given here (HTTPS records and a missing family would lead users to
 * the original), and `server=/*.name/#` sends what is below the name upstream as before. The obvious `address=/name/` would
 * redirect every name below as well, and loses to a CNAME chain in the cache.
 */
import { formatIp } from '../../domain/ip-address.js';
import { type CopiedRecord, withAnnounceText } from '../rpz/compile-zones.js';
import { TYPE_MX, TYPE_TXT } from '../wire/dns-codes.js';
import type { Exported, ExportFormat } from './export-format.js';
import { characterStrings, dataText } from './zone-file.js';

export const dnsmasqExport: ExportFormat = {
  files: (exported, pathOf) => {
    const { names, ttlSeconds } = exported.redirections;
    const known = names.filter(({ name }) => exported.copies.has(name));
    return [
      {
        ...{ part: 'main', ending: '.conf', comment: '#' },
        about: [
          'The redirections for dnsmasq. In dnsmasq.conf:',
          `  conf-file=${pathOf('main')}`,
          'dnsmasq knows no clients: it redirects everyone who asks it.',
          'local-ttl is also the time to live of other names that dnsmasq knows by itself.',
        ],
        text: [
          `local-ttl=${ttlSeconds}`,
          `addn-hosts=${pathOf('hosts')}`,
          `servers-file=${pathOf('servers')}`,
          ...known.flatMap(({ name, announceText }) =>
            withAnnounceText(exported.copies.get(name) ?? [], announceText).map((record) => otherRecord(name, record)),
          ),
          '',
        ].join('\n'),
      },
      {
        ...{ part: 'hosts', ending: '.hosts', comment: '#' },
        about: ['Addresses of the redirected names.'],
        text: known
          .map(({ name, addresses }) => addresses.map((each) => `${formatIp(each)} ${name}\n`).join(''))
          .join(''),
      },
      {
        ...{ part: 'servers', ending: '.servers', comment: '#' },
        about: ['Nothing else of the redirected names is asked upstream, but all that is below them.'],
        text: known.map(({ name }) => `server=/${name}/\nserver=/*.${name}/#\n`).join(''),
      },
    ];
  },
  reload: (changed) => [
    changed.has('main') ? ['systemctl', 'restart', 'dnsmasq'] : ['systemctl', 'kill', '-s', 'HUP', 'dnsmasq'],
  ],
  warnings: ({ redirections: { clients, optOut } }: Exported) =>
    clients === undefined && optOut.length === 0
      ? []
      : ['dnsmasq knows no clients, so it redirects also those that dnsRedirect.clients and optOut leave alone'],
};

function otherRecord(name: string, { type, data }: CopiedRecord): string {
  if (type === TYPE_MX) {
    const [preference, exchange] = dataText(type, data).split(' ');
    return `mx-host=${name},${exchange!.replace(/\.$/, '')},${preference}`;
  }
  const texts = type === TYPE_TXT ? characterStrings(data) : undefined;
  // Other types, and octets that are not text, are written as hexadecimal digits.
  if (texts?.every((text) => /^[ !#-~]*$/.test(text)))
    return `txt-record=${name},${texts.map((text) => `"${text}"`).join(',')}`;
  return `dns-rr=${name},${type},${Buffer.from(data).toString('hex')}`;
}
