import { describe, expect, test } from 'vitest';
import { adviceOn } from '../../../src/config/advice.js';
import { parseConfig } from '../../../src/config/parse-config.js';

const adviceFor = (...prefixes: string[]): string[] =>
  adviceOn(parseConfig(`operator: { name: x, networks: [ { asn: 64500, prefixes: ${JSON.stringify(prefixes)} } ] }`));

describe('advice on a configuration', () => {
  test('names the reserved addresses in a prefix, which do not count as the operator’s own', () => {
    expect(adviceFor('185.0.0.0/16', '172.0.0.0/8')).toEqual([
      'operator.networks[0].prefixes[1]: 172.0.0.0/8 contains reserved addresses (172.16.0.0/12), which do not count as yours; list them as prefixes of their own if they are',
    ]);
    expect(adviceFor('192.0.0.0/8')[0]).toContain('(192.0.0.0/24, 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16)');
    expect(adviceFor('2001::/16')[0]).toContain('(2001::/23, 2001:db8::/32)');
  });

  test('names periods that are too short for their ramps', () => {
    const billing = (text: string): string[] =>
      adviceOn(
        parseConfig(
          `operator: { name: x, networks: [ { asn: 64500, prefixes: [185.0.0.0/16] } ] }\nbilling: ${text}\n`,
        ),
      );
    expect(
      billing(`{ schedule: [
        { name: lunch, from: "12:00", to: "12:50", foreignPeersMax: 5 },
        { name: night, from: "23:40", to: "00:40" },
        { name: always, from: "00:00", to: "24:00", rampFor: 12h },
        { name: brief, from: "03:00", to: "03:01", rampFor: 0s } ] }`),
    ).toEqual([
      'billing.schedule[0]: "lunch" lasts 50m and its ramps 30m each, so both are cut to half of it and its limits hold for a moment only; set its rampFor to 750s or less, or 0s',
    ]);
    const night = (to: string, limit: string): string[] =>
      billing(`{ rampFor: 2h, schedule: [ { name: night, from: "22:00", to: "${to}"${limit} } ] }`);
    expect(night('01:00', ', gatewaysMax: 1')).toHaveLength(1);
    expect(night('02:00', ', gatewaysMax: 1')).toEqual([]);
    expect(night('01:00', ''), 'rates do not ramp').toEqual([]);
  });

  test('has nothing to say of a prefix that is public, or reserved as a whole', () => {
    expect(
      adviceFor('185.0.0.0/16', '10.0.0.0/8', '100.64.0.0/10', '192.168.0.0/16', 'fc00::/7', '2a00:100::/32'),
    ).toEqual([]);
  });
});
