/**
 * A small internet on one Linux machine: a core namespace that routes, and networks around it. Each network is a
 * namespace behind one link, which may be rate-limited and whose bytes are counted. For tests and experiments with
 * real, unmodified clients, some of which refuse loopback peers. Needs root and iproute2. It cannot reach other
 * machines, because it contains no interface of the host.
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { OperatorError } from '../domain/errors.js';

/** Programs run to completion here are fast; one that hangs is killed, and the failure says so. */
const EXEC_TIMEOUT_MS = 20_000;
const GATEWAY = '10.255.255.1';
/** Netfilter and the kernel limit interface names to 15 characters. */
const MAX_INTERFACE_NAME = 15;

export interface NetworkOptions {
  /** Short; unique in the lab. */
  readonly name: string;
  /** IPv4 addresses of this network, at least one; all on its one link. */
  readonly addresses: readonly string[];
  /** Rate of the link in each direction, bits per second; unlimited if missing. */
  readonly linkBps?: number;
  /** The nameserver in /etc/resolv.conf inside. */
  readonly nameserver?: string;
}

export interface LinkBytes {
  /** Bytes that came into the network over its border link. */
  readonly inward: number;
  /** Packets as the link carries them: on a virtual link one may be larger than an Ethernet frame. */
  readonly inwardPackets: number;
  readonly outward: number;
}

/** Why namespaces are unavailable here, or undefined if they are available. */
export function namespacesUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    execFileSync('ip', ['netns', 'list'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'the program "ip" (Debian: iproute2) is not installed';
  }
}

export class NetworkLab {
  readonly #prefix: string;
  readonly #networks = new Map<string, { interfaceName: string }>();
  readonly #children = new Set<ChildProcess>();

  /** @throws OperatorError if namespaces are unavailable */
  constructor(label: string) {
    const reason = namespacesUnavailable();
    if (reason) throw new OperatorError(reason, { code: 'environment' });
    this.#prefix = `${label}${process.pid}`;
    run('ip', ['netns', 'add', this.#namespace('core')]);
    this.#inside('core', ['ip', 'link', 'set', 'lo', 'up']);
    this.#inside('core', ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  }

  #namespace(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  #inside(name: string, command: readonly string[]): string {
    return run('ip', ['netns', 'exec', this.#namespace(name), ...command]);
  }

  /** Commands of `ip`, one on each line, by one process. */
  #batch(name: string, commands: string): void {
    run('ip', ['netns', 'exec', this.#namespace(name), 'ip', '-batch', '-'], commands);
  }

  addNetwork(options: NetworkOptions): void {
    const namespace = this.#namespace(options.name);
    const interfaceName = `v${this.#networks.size}-${options.name}`.slice(0, MAX_INTERFACE_NAME);
    run('ip', ['netns', 'add', namespace]);
    this.#networks.set(options.name, { interfaceName });
    run('ip', [
      'link',
      'add',
      interfaceName,
      'netns',
      this.#namespace('core'),
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      namespace,
    ]);
    this.#inside('core', ['ip', 'link', 'set', interfaceName, 'up']);
    this.#inside('core', ['ip', 'address', 'add', `${GATEWAY}/32`, 'dev', interfaceName]);
    this.#inside(options.name, ['ip', 'link', 'set', 'lo', 'up']);
    this.#inside(options.name, ['ip', 'link', 'set', 'eth0', 'up']);
    const forEach = (line: (address: string) => string): string => options.addresses.map(line).join('\n');
    this.#batch(
      options.name,
      forEach((address) => `address add ${address}/32 dev eth0`),
    );
    this.#batch(
      'core',
      forEach((address) => `route add ${address}/32 dev ${interfaceName}`),
    );
    this.#inside(options.name, [
      'ip',
      'route',
      'add',
      'default',
      'via',
      GATEWAY,
      'dev',
      'eth0',
      'onlink',
      'src',
      options.addresses[0]!,
    ]);
    if (options.linkBps !== undefined) {
      const shape = ['root', 'tbf', 'rate', `${Math.round(options.linkBps)}bit`, 'burst', '64kb', 'latency', '100ms'];
      this.#inside('core', ['tc', 'qdisc', 'replace', 'dev', interfaceName, ...shape]);
      this.#inside(options.name, ['tc', 'qdisc', 'replace', 'dev', 'eth0', ...shape]);
    }
    if (options.nameserver !== undefined) {
      mkdirSync(`/etc/netns/${namespace}`, { recursive: true });
      writeFileSync(
        `/etc/netns/${namespace}/resolv.conf`,
        `nameserver ${options.nameserver}\noptions timeout:2 attempts:2\n`,
      );
    }
  }

  /**
   * Puts an address of a network behind a firewall: nobody can connect to the port, and who is behind it can connect to
   * others. Answers from the port are dropped where they are routed, so that a connection never comes about.
   */
  closeInbound(network: string, address: string, port: number): void {
    const answers = ['from', address, 'ipproto', 'tcp', 'sport', String(port)];
    this.#inside(network, ['ip', 'rule', 'add', ...answers, 'blackhole']);
  }

  /** Starts a program inside a network (`ip netns exec`); it is killed by {@link remove} if it still runs then. */
  spawn(network: string, command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.#namespace(network), command, ...args], options);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    child.on('error', () => this.#children.delete(child)); // it did not start: its caller waits for it in vain
    return child;
  }

  /** Runs a program inside a network to completion. @returns its standard output. @throws with its standard error */
  exec(network: string, command: readonly string[]): string {
    return this.#inside(network, command);
  }

  /** Bytes over the border link of a network since it was created. */
  linkBytes(network: string): LinkBytes {
    const { interfaceName } = this.#networks.get(network)!;
    const text = this.#inside('core', ['cat', '/proc/net/dev']);
    const line = text.split('\n').find((candidate) => candidate.trim().startsWith(`${interfaceName}:`));
    const fields = line?.split(':')[1]?.trim().split(/\s+/).map(Number) ?? [];
    return { inward: fields[8] ?? 0, inwardPackets: fields[9] ?? 0, outward: fields[0] ?? 0 };
  }

  /** Kills what still runs inside and removes every namespace. Safe to call twice. */
  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const name of [...this.#networks.keys(), 'core']) {
      const namespace = this.#namespace(name);
      try {
        for (const pid of run('ip', ['netns', 'pids', namespace]).split('\n').filter(Boolean)) kill(Number(pid));
        run('ip', ['netns', 'delete', namespace]);
      } catch {
        // Removed already.
      }
      rmSync(`/etc/netns/${namespace}`, { recursive: true, force: true });
    }
    this.#networks.clear();
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has exited already.
  }
}

function run(command: string, args: readonly string[], input = ''): string {
  const { stdout, stderr, status, error } = spawnSync(command, args, {
    encoding: 'utf8',
    input,
    timeout: EXEC_TIMEOUT_MS,
  });
  if (status === 0) return stdout;
  const why = stderr?.trim() || (error === undefined ? `ended with ${status}` : error.message);
  throw new OperatorError(`${command} ${args.join(' ')}: ${why}`, { code: 'failed', cause: error });
}
