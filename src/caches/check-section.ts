/** Rules between the keys of `caches`, and with the sections that it names: periods, sources, `operator.caches`. */
import type { Report, SubdomainReference } from '../config-kit/config-part.js';
import { formatPath } from '../config-kit/config-problem.js';
import { suggestName } from '../config-kit/suggest-name.js';
import { namesAreUnique } from '../config-kit/unique-names.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { formatIp } from '../domain/ip-address.js';
import { addressesOf, type CacheSettings, type CachesConfig } from './section.js';

function namesDiffer({ caches }: CachesConfig, report: Report): void {
  namesAreUnique(
    ['caches'],
    'name',
    caches.map(({ name }) => name),
    report,
  );
}

/** The tracker knows a cache by its address. */
function addressesDiffer({ caches }: CachesConfig, report: Report): void {
  const owners = new Map<string, string>();
  caches.forEach((cache, i) => {
    for (const address of addressesOf(cache).map(formatIp)) {
      const owner = owners.get(address);
      if (owner === undefined) owners.set(address, cache.name);
      else report(['caches', i, 'address'], `${address} is already that of ${owner}; each cache has its own address`);
    }
  });
}

function credentialsFitTheClient({ caches }: CachesConfig, report: Report): void {
  caches.forEach((cache, i) => {
    const { user, password, secret, client, url } = cache;
    const at = (key: keyof CacheSettings): ConfigPath => ['caches', i, key];
    if (new URL(url).username !== '' || new URL(url).password !== '') {
      report(at('url'), 'has a user or password; write them as the keys user and password');
    }
    if (client === 'aria2') {
      if (user !== undefined || password !== undefined) {
        report(at(user === undefined ? 'password' : 'user'), 'aria2 has no users; write its rpc-secret as secret');
      }
      return;
    }
    if (secret !== undefined) report(at('secret'), `belongs to aria2; ${client} has user and password`);
    // RFC 7617 section 2.
    if (client === 'transmission' && user?.includes(':')) {
      report(at('user'), 'contains ":", which HTTP does not allow in a user name; change rpc-username of Transmission');
    }
    if ((user === undefined) !== (password === undefined)) {
      const given = user === undefined ? 'password' : 'user';
      report(at(given), `is useless without ${given === 'user' ? 'password' : 'user'}; write both, or neither`);
    }
  });
}

/** aria2 removes a download and leaves its files, and does not say which of the ports in `listen-port` it uses. */
function aria2IsComplete({ caches }: CachesConfig, report: Report): void {
  caches.forEach(({ client, directory }, i) => {
    const path = ['caches', i, directory === undefined ? 'client' : 'directory'];
    if (client === 'aria2' && directory === undefined) {
      report(
        path,
        'aria2 does not delete files: write directory, the path of its dir on this machine (local or mounted), or use transmission or qbittorrent',
      );
    }
    if (client !== 'aria2' && directory !== undefined)
      report(path, `${client} deletes its files itself; remove the key`);
  });
}

function namesExist({ caches, billing, crawler }: CachesConfig, report: Report): void {
  const periods = billing.schedule.map(({ name }) => name);
  const sources = crawler.sources.map(({ name }) => name);
  const check = (path: ConfigPath, names: readonly string[], known: readonly string[], what: string): void => {
    names.forEach((name, i) => {
      if (!known.includes(name)) report([...path, i], `"${name}" is not ${what}; ${hint(name, known)}`);
    });
  };
  caches.forEach(({ fillWindow, allow }, i) => {
    check(['caches', i, 'fillWindow'], fillWindow ?? [], periods, 'a period of billing.schedule');
    check(['caches', i, 'allow', 'sources'], allow.sources, sources, 'a source of crawler.sources');
  });
}

function hint(name: string, known: readonly string[]): string {
  const near = suggestName(name, known);
  return near === undefined ? `known are: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
}

/** The same address may be in both lists, and each of its keys in one of them. */
function operatorCachesAgree({ caches, operator }: CachesConfig, report: Report): void {
  caches.forEach((cache, i) => {
    const own = addressesOf(cache).map(formatIp);
    operator.caches.forEach((other, j) => {
      if (!own.includes(formatIp(other.address))) return;
      for (const key of ['preferredBy', 'uplinkBpsMax'] as const) {
        if (cache[key] === undefined || other[key] === undefined) continue;
        if (JSON.stringify(cache[key]) === JSON.stringify(other[key])) continue;
        const where = formatPath(['operator', 'caches', j, key]);
        report(['caches', i, key], `contradicts ${where} of the same address; write it in one of the two`);
      }
    });
  });
}

export const cachesChecks = [
  namesDiffer,
  addressesDiffer,
  credentialsFitTheClient,
  aria2IsComplete,
  namesExist,
  operatorCachesAgree,
] as const;

export function preferringSubdomains({ caches }: CachesConfig): SubdomainReference[] {
  return caches.flatMap(({ preferredBy }, i) =>
    (preferredBy ?? []).map((id, j) => ({ id, path: ['caches', i, 'preferredBy', j] })),
  );
}

/** A cache that may hold nothing is probably not finished. */
export function cachesThatHoldNothing({ caches }: CachesConfig): string[] {
  return caches.flatMap(({ allow, name }, i) =>
    allow.sources.length + allow.names.length + allow.infoHashes.length > 0
      ? []
      : [`caches[${i}].allow: ${name} may hold nothing; name sources, names or infoHashes that it may hold`],
  );
}
