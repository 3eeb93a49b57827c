/**
 * A network namespace for one test file: the test's process moves into a new, empty one, and so do the programs that it
 * starts from then on. There it has any addresses it likes, public ones too, and nothing can leave: no interface but
 * loopback. The namespace has no name and ends with the processes in it.
 *
 *     const network = await ownNetwork({ interfaces: ['5.5.5.5'], reachable: ['9.9.9.0/24'] });
 *     describe.skipIf(network === undefined)('…', () => { afterAll(() => network!.leave()); … });
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { namespacesUnavailable } from '../../src/lab/network-namespaces.js';
import { requireFacility } from './real-program.js';

/** sched.h */
const CLONE_NEWNET = 0x40000000;

export interface OwnNetworkOptions {
  /** Addresses of this machine, as its interfaces have them. */
  readonly interfaces: readonly string[];
  /** Prefixes whose every address can be bound and reached although no interface has it: everybody else. */
  readonly reachable: readonly string[];
}

export interface OwnNetwork {
  /** Moves the process back to where it came from. */
  leave(): void;
}

/**
 * @returns undefined if this machine cannot do it; that has been said aloud, and the caller skips
 * @throws Error if it cannot and REQUIRE_REAL_PEERS=1
 */
export async function ownNetwork(options: OwnNetworkOptions): Promise<OwnNetwork | undefined> {
  const reason = namespacesUnavailable();
  if (!requireFacility(reason ?? '', reason === undefined)) return undefined;
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const unshare = libc.func('unshare', 'int', ['int']);
  const setns = libc.func('setns', 'int', ['int', 'int']);
  const home = openSync('/proc/self/ns/net', 'r');
  const entered = unshare(CLONE_NEWNET) === 0;
  if (!requireFacility('network namespaces need the capability CAP_SYS_ADMIN', entered)) {
    closeSync(home);
    return undefined;
  }
  ip('link', 'set', 'lo', 'up');
  // IPv4 lets a socket take any address that is routed here; IPv6 does so only where it is told.
  writeFileSync('/proc/sys/net/ipv6/ip_nonlocal_bind', '1');
  for (const address of options.interfaces) ip('address', 'add', address, 'dev', 'lo');
  for (const prefix of options.reachable) ip('route', 'add', 'local', prefix, 'dev', 'lo');
  return {
    leave() {
      if (setns(home, CLONE_NEWNET) !== 0) throw new Error('cannot return to the network namespace of before');
      closeSync(home);
    },
  };
}

function ip(...parameters: string[]): void {
  const family = parameters.some((each) => each.includes(':')) ? ['-6'] : [];
  execFileSync('ip', [...family, ...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });
}
