import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Exported } from '../../../../src/dns-redirect/exports/export-format.js';
import { EXPORT_FORMATS, type ExportFormatName } from '../../../../src/dns-redirect/exports/formats.js';
import { filesOf, writeExport } from '../../../../src/dns-redirect/exports/write-export.js';
import { parseIp, parsePrefix } from '../../../../src/domain/ip-address.js';
import { requireProgram } from '../../../support/real-program.js';

const ORIGIN = { version: '1.2.3', configFile: 'alias-tracker.yaml', madeAt: '2026-11-30T12:00:00Z', source: 'a test' };
const octets = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const TEXT = 'a "quoted" \\ text; with \x00\xff octets';

function exported(more: Partial<Exported['redirections']> = {}, serial = 1): Exported {
  return {
    redirections: {
      names: [
        { name: 'site.example', addresses: [parseIp('203.0.113.20'), parseIp('2001:db8:100::20')] },
        { name: 'unknown.example', addresses: [parseIp('203.0.113.20')] },
      ],
      clients: [parsePrefix('203.0.113.0/24')],
      optOut: [parsePrefix('203.0.113.9/32')],
      ttlSeconds: 30,
      ...more,
    },
    copies: new Map([
      [
        'site.example',
        [
          { type: 15, data: octets('\0\x0a\x04mail\x07example\0') },
          { type: 16, data: octets(`${String.fromCharCode(TEXT.length)}${TEXT}`) },
          { type: 16, data: octets('\x06v=spf1\x04 all') },
          { type: 257, data: octets('\x80\x05issueca.example') },
        ],
      ],
    ]),
    zone: 'rpz.alias-tracker',
    exemptZone: 'rpz-exempt.alias-tracker',
    serial,
  };
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'exports-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const out = (): string => join(directory, 'redirections.conf');
function write(format: ExportFormatName, what: Exported): Set<string> {
  return new Set(writeExport(filesOf(EXPORT_FORMATS[format], what, out()), out(), ORIGIN));
}
const read = (name: string): string => readFileSync(join(directory, name), 'utf8');

describe.each(Object.keys(EXPORT_FORMATS) as ExportFormatName[])('the format %s', (format) => {
  test('says which ports a tracker has here, in place of what the original says', () => {
    const announceText = 'BITTORRENT UDP:6969 TCP:6969';
    const original = 'BITTORRENT UDP:80';
    const data = octets(`${String.fromCharCode(original.length)}${original}`);
    const names = [{ name: 'tracker.example', addresses: [parseIp('203.0.113.21')], announceText }];
    write(format, { ...exported({ names }), copies: new Map([['tracker.example', [{ type: 16, data }]]]) });
    const all = readdirSync(directory).map(read).join();
    expect(all).toContain(announceText);
    expect(all).not.toContain(original);
  });

  test('writes whole files that say what they are, and leaves no temporary ones', () => {
    write(format, exported());
    const names = readdirSync(directory);
    expect(names).toContain('redirections.conf');
    expect(names.filter((name) => !name.startsWith('redirections'))).toEqual([]);
    for (const name of names) {
      expect(read(name)).toMatch(
        /Made by alias-tracker 1\.2\.3 at 2026-11-30T12:00:00Z from alias-tracker\.yaml \(a test\)/,
      );
    }
  });

  test('writes nothing where nothing changed, and says what changed', () => {
    write(format, exported());
    expect(write(format, exported({}, 2))).toEqual(new Set());
    const changed = write(format, exported({ names: [] }, 3));
    expect(changed.size).toBeGreaterThan(0);
    // Clients are in another file than names, so that resolvers read only what is new.
    expect(EXPORT_FORMATS[format].reload(changed, exported()).flat()).not.toContain('kresd@*');
  });

  test('leaves out a name whose records are not known', () => {
    write(format, exported());
    for (const name of readdirSync(directory)) expect(read(name)).not.toContain('unknown.example');
  });
});

describe('zone files', () => {
  const checkzone = requireProgram('named-checkzone');

  test.skipIf(checkzone === undefined)('are read by BIND as they are meant', () => {
    write('bind', exported());
    const plain = (zone: string, file: string): string =>
      execFileSync(checkzone!, ['-D', '-i', 'none', '-k', 'ignore', zone, join(directory, file)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const data = plain('rpz.alias-tracker', 'redirections-rpz.zone').replace(/[ \t]+/g, ' ');
    expect(data).toContain('site.example.rpz.alias-tracker. 30 IN A 203.0.113.20');
    expect(data).toContain('site.example.rpz.alias-tracker. 30 IN MX 10 mail.example.');
    expect(data).toContain('IN TXT "a \\"quoted\\" \\\\ text; with \\000\\255 octets"');
    expect(data).toContain('IN TXT "v=spf1" " all"');
    expect(data).toContain('IN CAA 128 issue "ca.example"');
    expect(data).toContain('*._https.site.example.rpz.alias-tracker. 30 IN CNAME *.');
    expect(plain('rpz-exempt.alias-tracker', 'redirections-exempt.zone')).toMatch(
      /^32\.9\.113\.0\.203\.rpz-client-ip/m,
    );
  });
});

describe('dnsmasq', () => {
  const dnsmasq = requireProgram('dnsmasq');

  test.skipIf(dnsmasq === undefined)('reads the configuration, and warns of what it cannot do', () => {
    write('dnsmasq', exported());
    expect(() => execFileSync(dnsmasq!, ['--test', '-C', out()], { stdio: 'pipe' })).not.toThrow();
    expect(read('redirections-servers.servers')).toContain('server=/site.example/\nserver=/*.site.example/#\n');
    expect(read('redirections.conf')).toContain('txt-record=site.example,"v=spf1"," all"');
    expect(EXPORT_FORMATS.dnsmasq.warnings(exported()).join()).toMatch(/knows no clients/);
    expect(EXPORT_FORMATS.dnsmasq.warnings(exported({ clients: undefined, optOut: [] }))).toEqual([]);
  });

  test('is restarted only where the configuration itself changed', () => {
    write('dnsmasq', exported());
    const changed = write('dnsmasq', {
      ...exported({ names: [{ name: 'site.example', addresses: [parseIp('203.0.113.22')] }] }),
    });
    expect(EXPORT_FORMATS.dnsmasq.reload(changed, exported())).toEqual([['systemctl', 'kill', '-s', 'HUP', 'dnsmasq']]);
    expect(EXPORT_FORMATS.dnsmasq.reload(new Set(['main']), exported())[0]).toContain('restart');
  });
});

test('a directory that does not exist is reported, and what to do', () => {
  const files = filesOf(EXPORT_FORMATS.rpz, exported(), '/nowhere/a.zone');
  expect(() => writeExport(files, '/nowhere/a.zone', ORIGIN)).toThrow(
    /cannot write \/nowhere\/.*choose another place with -o/,
  );
});

test('a file that was changed by hand is written again', () => {
  write('rpz', exported());
  writeFileSync(out(), `${read('redirections.conf')}more\n`);
  expect(write('rpz', exported())).toEqual(new Set(['main']));
});
