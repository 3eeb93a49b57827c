/** The program under the soak, as an operator runs it, and the little world around it: a site, an original tracker, a resolver. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decode, encode } from 'dns-packet';
import { freePort } from '../../test/support/free-port.js';
import { plantingEnvironment } from '../../test/support/plant-error.js';
import { torrentWith } from '../../test/support/torrents.js';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), '../../../../dist/cli/main.js');
const START_LIMIT_MS = 60_000;
/** Torrents that the site lists. */
const TORRENTS = 40;

export const CONTROL_TOKEN = 'soak-control-token';
export const PROBE_TOKEN = 'soak-probe-token-north';
export const SITE = 'site.example';
export const MIRROR_ADDRESS = '127.0.0.1';
/** What the resolver upstream answers. */
export const ORIGINAL_ADDRESS = '127.0.0.99';

export interface SoakPorts {
  readonly tracker: number;
  readonly mirror: number;
  readonly dns: number;
  readonly control: number;
}

export class Setting {
  readonly orders: string;
  readonly #directory: string;
  readonly #disk: string;
  readonly #servers: (Server | Socket)[] = [];
  ports: SoakPorts = { tracker: 0, mirror: 0, dns: 0, control: 0 };
  readonly log: string[] = [];
  #child: ChildProcess | undefined;
  #isExpectedToEnd = false;
  #unexpectedEnds = 0;

  /** @param disk where the program stores; @param directory for everything else */
  constructor(directory: string, disk: string) {
    this.#directory = directory;
    this.#disk = disk;
    this.orders = join(directory, 'orders');
    mkdirSync(this.orders);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get unexpectedEnds(): number {
    return this.#unexpectedEnds;
  }

  get databaseFile(): string {
    return join(this.#disk, 'data', 'alias-tracker.sqlite');
  }

  /** Takes room on the program's disk. */
  get filler(): string {
    return join(this.#disk, 'filler');
  }

  /** Announces are not answered while this is true. */
  originalIsDown = false;

  async startWorld(): Promise<{
    readonly sitePort: number;
    readonly resolverPort: number;
    readonly originalPort: number;
  }> {
    const sitePort = await this.#listenHttp((path) => answerOfSite(path, sitePort));
    const originalPort = await this.#listenHttp(() => {
      if (this.originalIsDown) return undefined;
      return 'd8:intervali60e5:peers0:e';
    });
    const resolver = createSocket('udp4');
    resolver.on('error', () => {});
    resolver.on('message', (packet, { port, address }) => {
      const { id = 0, questions = [] } = decode(packet);
      const { name = '', type } = questions[0] ?? {};
      const answers = type === 'A' ? [{ name, type: 'A' as const, ttl: 1, data: ORIGINAL_ADDRESS }] : [];
      resolver.send(encode({ id, type: 'response', flags: 0x0180, questions, answers }), port, address);
    });
    resolver.bind(0, '127.0.0.1');
    await once(resolver, 'listening');
    this.#servers.push(resolver);
    return { sitePort, originalPort, resolverPort: resolver.address().port };
  }

  async configure(): Promise<void> {
    const { sitePort, resolverPort } = await this.startWorld();
    this.ports = {
      tracker: await freePort(),
      mirror: await freePort(),
      dns: await freePort(),
      control: await freePort(),
    };
    const { tracker, mirror, dns, control } = this.ports;
    const config = {
      operator: {
        name: 'Soak',
        networks: [{ asn: 64_500, prefixes: ['127.1.0.0/16', '127.2.0.0/15', '127.4.0.0/15', '127.6.0.0/15'] }],
        subdomains: [
          { id: 'north', prefixes: ['127.1.0.0/17'] },
          { id: 'south', prefixes: ['127.1.128.0/17'] },
        ],
      },
      billing: { schedule: [{ name: 'night', from: '01:00', to: '07:00', rateFactor: 0.2, foreignPeersMax: 50 }] },
      reports: { probes: [{ id: 'dp-north', subdomains: ['north'], token: PROBE_TOKEN }] },
      tracker: {
        listen: [`udp://127.0.0.1:${tracker}`],
        announceUrls: [`udp://127.0.0.1:${tracker}/announce`],
        snapshotEvery: '10s',
        // The load has tens of peers behind each address.
        limits: { peersPerAddressPerSwarm: 0, peersPerAddress: 0 },
      },
      upstream: { resolvers: [`127.0.0.1:${resolverPort}`] },
      mirrorSite: { listen: `http://127.0.0.1:${mirror}` },
      crawler: {
        every: '5s',
        sources: [{ name: 'site', type: 'feed', url: `http://127.0.0.1:${sitePort}/feed.xml` }],
      },
      dnsRedirect: {
        listen: [`127.0.0.1:${dns}`],
        upstreamResolvers: [`127.0.0.1:${resolverPort}`],
        sites: [SITE],
        mirrorAddresses: [MIRROR_ADDRESS],
        healthChecks: false,
      },
      control: { listen: `http://127.0.0.1:${control}`, token: CONTROL_TOKEN },
      storage: { directory: join(this.#disk, 'data') },
      lab: true,
    };
    writeFileSync(this.#file, JSON.stringify(config));
  }

  get #file(): string {
    return join(this.#directory, 'alias-tracker.yaml');
  }

  /** Starts the program, or starts it again. @throws Error with its last lines if it does not listen */
  async start(): Promise<void> {
    this.#isExpectedToEnd = false;
    const child = spawn(process.execPath, [MAIN, 'serve', '--json', '--config', this.#file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...plantingEnvironment(this.orders) },
    });
    this.#child = child;
    child.once('exit', () => {
      if (!this.#isExpectedToEnd) this.#unexpectedEnds++;
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.log.push(line);
      if (this.log.length > 2_000) this.log.splice(0, 1_000);
    });
    const listening = once(child.stdout, 'data', { signal: AbortSignal.timeout(START_LIMIT_MS) });
    await Promise.race([
      listening,
      once(child, 'exit').then(() => Promise.reject(new Error(`serve ended: ${this.log.slice(-5).join('\n')}`))),
    ]);
    child.stdout.resume();
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** @returns the exit code, null after a signal */
  async end(name: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    this.#isExpectedToEnd = true;
    const ended = once(child, 'exit');
    child.kill(name);
    await Promise.race([ended, sleep(START_LIMIT_MS).then(() => child.kill('SIGKILL'))]);
    return child.exitCode;
  }

  async stop(): Promise<void> {
    await this.end('SIGKILL');
    for (const server of this.#servers) {
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
    }
  }

  async isReady(): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.ports.control}/readyz`, {
        signal: AbortSignal.timeout(2_000),
      });
      await response.arrayBuffer();
      return response.status === 200;
    } catch {
      return false;
    }
  }

  async #listenHttp(answer: (path: string) => string | Uint8Array | undefined): Promise<number> {
    const server = createServer((request, response) => {
      const body = answer(request.url ?? '/');
      if (body === undefined) return void request.socket.destroy();
      response.writeHead(body === '' ? 404 : 200).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#servers.push(server);
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
}

function answerOfSite(path: string, port: number): string | Uint8Array {
  const number = /^\/(\d+)\.torrent$/.exec(path)?.[1];
  if (number !== undefined) {
    return torrentWith({ announce: 'http://tracker.example/announce' }, { name: `soak ${number}` });
  }
  if (path !== '/feed.xml') return '';
  const items = Array.from(
    { length: TORRENTS },
    (_, i) =>
      `<item><title>soak ${i}</title><enclosure type="application/x-bittorrent" url="http://127.0.0.1:${port}/${i}.torrent"/></item>`,
  );
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>soak</title>${items.join('')}</channel></rss>`;
}
