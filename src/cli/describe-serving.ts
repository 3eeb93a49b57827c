/** What `serve` prints once everything runs: a table of listeners, and commands to try next. */
import type { Config } from '../config/config-schema.js';
import { formatIp } from '../domain/ip-address.js';
import { formatEndpoint, reachableHost } from '../net/endpoint.js';
import { formatTable } from './table.js';

export interface ServingAddress {
  readonly part: string;
  readonly url: string;
  readonly about: string;
}

/**
 * @param addresses in display order
 * @param configFile as given, for commands that need it again
 */
export function describeServing(config: Config, addresses: readonly ServingAddress[], configFile?: string): string {
  const rows = addresses.map(({ part, url, about }) => [part, url, about]);
  const head = `alias-tracker serves ${config.operator.name} (AS${config.operator.networks[0]!.asn})`;
  const ideas =
    config.labServices === undefined ? operatorIdeas(config, addresses, configFile) : labIdeas(config, addresses);
  const numbered = ideas.map(
    ({ what, commands }, i) => `  ${i + 1}. ${what}\n${commands.map((line) => `       ${line}`).join('\n')}`,
  );
  return `\n${head}\n\n${formatTable(['PART', 'ADDRESS', 'WHAT IT DOES'], rows)}\nTry next:\n${numbered.join('\n')}\n\nCtrl-C stops it.\n`;
}

interface Idea {
  readonly what: string;
  readonly commands: readonly string[];
}

function urlOf(addresses: readonly ServingAddress[], part: string, protocol = ''): URL | undefined {
  const found = addresses.find((each) => each.part === part && each.url.startsWith(protocol));
  if (found === undefined) return undefined;
  const url = new URL(found.url.replace(/^(dns|udp):/, 'http:'));
  // Nothing can connect to a wildcard address.
  url.host = formatEndpoint({ host: reachableHost(hostOf(url)), port: Number(url.port || '80') });
  return url;
}

/** For programs that take an address without brackets. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function labIdeas(config: Config, addresses: readonly ServingAddress[]): Idea[] {
  const dns = urlOf(addresses, 'dns-redirect');
  const mirror = urlOf(addresses, 'mirror-site');
  const name = config.labServices?.originalSite.name ?? '';
  const site = `${name}:${mirror?.port || '80'}`;
  const ideas: Idea[] = [];
  if (dns && mirror) {
    ideas.push({
      what: 'Be an inner user: ask for the original site, and get a torrent of it from the mirror',
      commands: [
        `dig +short @${hostOf(dns)} -p ${dns.port} ${name}`,
        `curl -s --resolve ${site}:${mirror.hostname} http://${site}/torrents/alice.torrent -o /tmp/alice.torrent`,
      ],
    });
    ideas.push({
      what: 'Download it in sub-domain north (127.1.0.9); the far seed came from the original tracker',
      commands: [
        'aria2c --interface=127.1.0.9 --enable-dht=false --bt-enable-lpd=false --seed-time=0 --dir=/tmp /tmp/alice.torrent',
      ],
    });
  }
  const control = urlOf(addresses, 'control');
  // A lab's token is not secret: it is part of an example, and a visitor of the lab needs it.
  const token = config.control?.token;
  const password = token === undefined ? '' : ` (token ${token})`;
  const dashboard = control ? `, and look at ${control.origin}/ meanwhile${password}` : '';
  ideas.push({
    what: `Watch simulated users and probes: who gets inner peers, how their share rises${dashboard}`,
    commands: ['npm run demo'],
  });
  return ideas;
}

function operatorIdeas(config: Config, addresses: readonly ServingAddress[], configFile?: string): Idea[] {
  const withConfig = configFile === undefined ? '' : ` --config ${configFile}`;
  const ideas: Idea[] = [
    {
      what: 'Who is this address, and what does its traffic cost',
      commands: [
        `alias-tracker topology lookup ${formatIp(config.operator.networks[0]!.prefixes[0]!.address)}${withConfig}`,
      ],
    },
  ];
  if (config.crawler.sources.length > 0) {
    const commands = [`alias-tracker crawl --dry-run${withConfig}`];
    ideas.unshift({ what: 'See what is popular; without --dry-run it goes into the catalogue', commands });
  }
  const control = urlOf(addresses, 'control');
  if (control) ideas.push({ what: 'See what it does', commands: [`open ${control.origin}/`] });
  else
    ideas.push({
      what: 'Switch the control API and dashboard on',
      commands: ['add "control: {}" to the configuration'],
    });
  return ideas;
}
