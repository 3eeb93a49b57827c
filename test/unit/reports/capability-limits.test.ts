import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/parse-config.js';
import { capabilityLimits } from '../../../src/reports/capability-limits.js';
import { parseSubdomainCsv } from '../../../src/topology/subdomain-csv.js';

const config = parseConfig(`
operator:
  name: Example
  networks: [ { asn: 64500, prefixes: [203.0.113.0/24, "2001:db8::/32"] } ]
  subdomains:
    - { id: north, prefixes: [203.0.113.0/25, "2001:db8:1::/48"], uplinkBpsMax: 40000000 }
    - { id: south, prefixes: [203.0.113.128/25] }
  caches:
    - { address: 203.0.113.10 }
    - { address: "2001:DB8:1::10", uplinkBpsMax: 10000000000 }
reports: { uplinkBpsMax: 900000000 }
`);
const { subdomains } = config.operator;
if ('file' in subdomains) throw new Error('a list was written');

describe('the uplink that is believed of a node', () => {
  const limits = capabilityLimits(config, subdomains);
  test.each([
    ['a customer of a sub-domain with a plan', '203.0.113.7', 40_000_000],
    ['the same over IPv6', '2001:db8:1::7', 40_000_000],
    ['a customer of one without', '203.0.113.200', 900_000_000],
    ['somebody outside', '192.0.2.1', 900_000_000],
    ['a cache among customers: not their limit', '203.0.113.10', 900_000_000],
    ['a cache with a limit of its own', '2001:db8:1::10', 10_000_000_000],
  ])('%s', (_, address, uplinkBps) => {
    expect(limits.uplinkBpsMax(address)).toBe(uplinkBps);
  });

  test('caches are known however their address is written', () => {
    expect(limits.isCache('2001:db8:1::10')).toBe(true);
    expect(limits.isCache('203.0.113.7')).toBe(false);
  });

  test('plans out of the address plan’s file, of which one sub-domain may have several', () => {
    const bytes = Buffer.from(
      'prefix,subdomain,asn,uplinkBpsMax\n203.0.113.0/25,north,,40000000\n203.0.113.64/27,north,64500,500000000\n203.0.113.128/25,south\n',
    );
    const fromFile = capabilityLimits(config, parseSubdomainCsv({ path: 'plan.csv', bytes, modifiedAtMs: 0 }));
    expect(fromFile.uplinkBpsMax('203.0.113.7')).toBe(40_000_000);
    expect(fromFile.uplinkBpsMax('203.0.113.70')).toBe(500_000_000);
    expect(fromFile.uplinkBpsMax('203.0.113.200')).toBe(900_000_000);
  });
});
