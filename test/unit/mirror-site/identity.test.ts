/** What the operator gives the site: colour, images, texts; and what the site says of itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'cheerio';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse-config.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { examineMirrorSite } from '../../../src/mirror-site/check-section.js';
import { accentOf, contrast, GROUNDS, MIN_CONTRAST, parseColour } from '../../../src/mirror-site/identity/colour.js';
import { readIdentity } from '../../../src/mirror-site/identity/identity.js';
import { ownText } from '../../../src/mirror-site/identity/own-text.js';
import { ENGLISH } from '../../../src/mirror-site/strings-english.js';
import { GERMAN } from '../../../src/mirror-site/strings-german.js';
import { defaultStyle } from '../../../src/mirror-site/style.js';
import { RESERVED_PATH } from '../../../src/mirror-site/visit.js';
import { ALICE, serveSite } from './served-site.js';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-identity-'));
afterAll(() => rmSync(directory, { recursive: true }));
function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

describe('the colour', () => {
  it('can be read as text, and text on it, in both schemes, whichever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffff }), (number) => {
        const colour = parseColour(`#${number.toString(16).padStart(6, '0')}`)!;
        for (const scheme of ['light', 'dark'] as const) {
          const accent = accentOf(colour, scheme);
          expect(accent.colour).toMatch(/^#[0-9a-f]{6}$/);
          for (const other of [...GROUNDS[scheme], accent.ink]) {
            expect(contrast(accent.colour, other), `${colour} ${scheme}`).toBeGreaterThanOrEqual(MIN_CONTRAST);
          }
        }
      }),
    );
  });

  it('stays as it is where it can be read, and its grounds are those of the style sheet', () => {
    expect(accentOf('#0b6e4f', 'light').colour).toBe('#0b6e4f');
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
    for (const ground of Object.values(GROUNDS).flat()) {
      expect(defaultStyle.text).toContain(ground === '#ffffff' ? '--paper:#fff;' : ground);
    }
    expect(parseColour('#FA0')).toBe('#ffaa00');
    expect(['fa0', '#ffff', 'red', '#12345g'].map(parseColour)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('images', () => {
  it('are known by their content, not by their name', async () => {
    const png = file('a.svg', Buffer.from('\x89PNG\r\n\x1a\n rest', 'latin1'));
    const webp = file('a.bin', Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1'));
    const svg = file(
      'a.png',
      '\ufeff<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    );
    const { logo, icon } = await readIdentity({ logo: png, icon: webp });
    expect(logo).toMatchObject({ type: 'image/png', path: expect.stringMatching(/^\/logo-[0-9a-f]{10}\.png$/) });
    expect(icon.type).toBe('image/webp');
    expect((await readIdentity({ logo: svg })).logo?.type).toBe('image/svg+xml');
  });

  it('and texts that cannot be used are named with their key and what to do, all at once', async () => {
    const section = {
      logo: file('logo.bmp', 'BM'),
      icon: file('large.png', Buffer.alloc(300_000)),
      help: file('latin1.txt', Buffer.from([0xfc])),
      privacy: join(directory, 'missing.txt'),
    };
    const config = parseConfig(
      'operator: { name: x, networks: [{ asn: 64500, prefixes: [203.0.113.0/24] }] }\nmirrorSite: {}\n',
    );
    const findings = await examineMirrorSite({ mirrorSite: { ...config.mirrorSite!, ...section } });
    expect(findings.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
      expect.stringMatching(/^mirrorSite.logo: [^:]*logo\.bmp is not a PNG, WebP or SVG image; convert it/),
      expect.stringMatching(/^mirrorSite.icon: .*300000 bytes.*smaller than 262144/),
      expect.stringMatching(/^mirrorSite.help: .*not text in UTF-8; save it as UTF-8/),
      expect.stringMatching(/^mirrorSite.privacy: .*cannot read .*missing\.txt/),
    ]);
    await expect(readIdentity({ logo: section.logo })).rejects.toThrow(/^mirrorSite\.logo: [^:]*logo\.bmp is not/);
    await expect(readIdentity(section)).rejects.toThrow(OperatorError);
  });
});

describe('addresses', () => {
  const problems = (keys: string): string => {
    try {
      parseConfig(
        `operator: { name: x, networks: [{ asn: 64500, prefixes: [203.0.113.0/24] }] }\nmirrorSite: { ${keys} }\n`,
      );
      return '';
    } catch (thrown) {
      return String(thrown);
    }
  };

  it('are those that a reader can follow', () => {
    for (const address of [
      'mailto:noc@example.net',
      'tel:+49-30-1',
      'https://example.net/abuse?x=1',
      'http://[::1]/',
    ]) {
      expect(problems(`contact: "${address}"`), address).toBe('');
    }
    expect(problems('contact: noc@example.net')).toContain('write "mailto:noc@example.net"');
    for (const address of ['javascript:alert(1)', 'data:text/html,x', 'nowhere', '//example.net', 'https://']) {
      expect(problems(`takedown: "${address}"`), address).toContain('is not an address that begins with mailto:');
    }
    expect(problems('colour: "red"')).toContain('"red" is not a colour such as "#0b6e4f"');
  });
});

describe('the operator’s own text', () => {
  it('has paragraphs, headings, lists and links', () => {
    const text =
      '# Who we are\nWe are\r\nhere.\n\n- one\n- [two](https://example.net/a?b=1&c)\n\nSee https://example.net/x. Or [write](mailto:a@b.c).';
    expect(ownText(text).text).toBe(
      '<h2>Who we are</h2>\n<p>We are\nhere.</p>\n<ul><li>one</li><li><a href="https://example.net/a?b=1&amp;c">two</a></li></ul>\n' +
        '<p>See <a href="https://example.net/x">https://example.net/x</a>. Or <a href="mailto:a@b.c">write</a>.</p>\n',
    );
  });

  it('makes no other markup of anything', () => {
    const evil = '<script>alert(1)</script> [x](javascript:alert(1)) [y](https://a"onclick=b) ![z](data:x) \u202Egnp';
    const { text } = ownText(evil);
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toMatch(/javascript:[^)]*"|<script|<img| onclick=b"/);
    expect(text).not.toContain('\u202E');
    fc.assert(
      fc.property(fc.string(), (any) => {
        const tags = ownText(any).text.match(/<[^>]*>/g) ?? [];
        for (const tag of tags) expect(tag).toMatch(/^<\/?(p|h2|h3|ul|li|a( href="[^"<>]*")?)>$/);
      }),
    );
  });
});

describe('the tables of words', () => {
  const shape = (value: unknown, path = ''): string[] => {
    if (typeof value === 'function') return [`${path}(${value.length})`];
    if (typeof value !== 'object' || value === null) return [path];
    return Object.entries(value).flatMap(([key, each]) => shape(each, `${path}.${key}`));
  };

  it('are complete in each language, and nothing is left in English', () => {
    expect(shape(GERMAN)).toEqual(shape(ENGLISH));
    const facts = { operator: 'X', heldMinutes: 45, countsRequests: true, passes: 'with-address' as const };
    for (const name of ['helpSections', 'privacySections'] as const) {
      const [english, german] = [ENGLISH, GERMAN].map(({ information }) => information[name](facts));
      expect(german!.map(({ lines }) => lines.length)).toEqual(english!.map(({ lines }) => lines.length));
      const same = german!
        .flatMap(({ lines }) => lines)
        .filter((line) => english!.some(({ lines }) => lines.includes(line)));
      expect(same).toEqual([]);
    }
  });
});

describe('in the place of an original', () => {
  it('pages about the site and images lie below the reserved path, where all links of the pages lead', async () => {
    const site = await serveSite({ siteHosts: ['site.example'], identity: await readIdentity({ colour: '#123456' }) });
    const headers = { host: 'site.example' };
    for (const path of ['/help', '/privacy', '/', `/torrent/${ALICE}`]) {
      const { status, body } = await site.get(`${RESERVED_PATH}${path}`, headers);
      expect(status, path).toBe(200);
      const page = load(body.toString());
      const links = page('[href], [src], [action]').toArray();
      const own = links.flatMap(({ attribs: { href, src, action } }) => href ?? src ?? action ?? []);
      const paths = own.filter((link) => link.startsWith('/'));
      expect(paths.filter((link) => !link.startsWith(`${RESERVED_PATH}/`))).toEqual([]);
      const icon = page('link[rel=icon]').attr('href')!;
      expect(await site.get(icon, headers)).toMatchObject({ status: 200 });
    }
    await site.close();
  });
});
