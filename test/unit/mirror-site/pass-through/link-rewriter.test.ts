/** Links in pages, feeds and JSON: which change, what keeps its bytes, and that the cutting into chunks does not matter. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DocumentKind,
  LinkRewriter,
  type LinkRules,
} from '../../../../src/mirror-site/pass-through/rewriting/link-rewriter.js';

const RULES: LinkRules = { announceUrls: ["udp://a.example:1/it's"], keepOriginal: false, mayRewrite: () => true };
const HASH = 'ab'.repeat(20);
const OURS = 'tr=udp%3A%2F%2Fa.example%3A1%2Fit%27s';
const OLD = 'tr=udp%3A%2F%2Fold.example%3A2';

function rewrite(
  text: string,
  kind: DocumentKind = 'html',
  rules: Partial<LinkRules> = {},
  cuts: readonly number[] = [],
): string {
  return rewriteBytes(Buffer.from(text, 'latin1'), kind, rules, cuts).toString('latin1');
}

function rewriteBytes(
  bytes: Buffer,
  kind: DocumentKind,
  rules: Partial<LinkRules> = {},
  cuts: readonly number[] = [],
): Buffer {
  const rewriter = new LinkRewriter(kind, { ...RULES, ...rules });
  const out: Buffer[] = [];
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    out.push(...rewriter.write(bytes.subarray(at, Math.min(cut, bytes.length))));
    at = Math.min(cut, bytes.length);
  }
  out.push(...rewriter.write(bytes.subarray(at)), ...rewriter.end());
  return Buffer.concat(out);
}

describe('a magnet link', () => {
  const plain = `magnet:?xt=urn:btih:${HASH}`;
  test.each<[string, string, string, DocumentKind?]>([
    [
      'in a link, as it should be written',
      `<a href="${plain}&amp;dn=A&amp;${OLD}&amp;x.pe=1">`,
      `<a href="${plain}&amp;dn=A&amp;${OURS}&amp;x.pe=1">`,
    ],
    [
      'with several trackers',
      `<a href='${plain}&${OLD}&dn=A&tr=http%3A%2F%2Fb.example&tr.2=x'>`,
      `<a href='${plain}&${OURS}&dn=A'>`,
    ],
    [
      'that begins with its tracker',
      `<a href="magnet:?${OLD}&xt=urn:btih:${HASH}">`,
      `<a href="magnet:?${OURS}&xt=urn:btih:${HASH}">`,
    ],
    ['without a tracker', `<a href="${plain}&dn=A">`, `<a href="${plain}&dn=A&${OURS}">`],
    ['with a hash alone', `<a href="${plain}">`, `<a href="${plain}&amp;${OURS}">`],
    ['with spaces in its name', `<a href="${plain}&dn=My Film 2&${OLD}">`, `<a href="${plain}&dn=My Film 2&${OURS}">`],
    ['without quotes', `<a href=${plain}&${OLD}>x`, `<a href=${plain}&${OURS}>x`],
    ['in capitals', `<A HREF="MAGNET:?xt=urn:btih:${HASH}&TR=x">`, `<A HREF="MAGNET:?xt=urn:btih:${HASH}&${OURS}">`],
    ['in text', `<p>${plain}&amp;${OLD}<br>`, `<p>${plain}&amp;${OURS}<br>`],
    ['quoted in text', `<p>&quot;${plain}&amp;${OLD}&quot;.`, `<p>&quot;${plain}&amp;${OURS}&quot;.`],
    ['in a handler', `<a onclick="copy('${plain}&amp;${OLD}')">`, `<a onclick="copy('${plain}&amp;${OURS}')">`],
    ['in a script', `<script>x = "${plain}&${OLD}";</script>`, `<script>x = "${plain}&${OURS}";</script>`],
    [
      'in escaped JSON of a script',
      `<script>{"h":"<a href=\\"${plain}\\u0026tr=udp:\\/\\/o\\">"}</script>`,
      `<script>{"h":"<a href=\\"${plain}\\u0026${OURS}\\">"}</script>`,
    ],
    ['in JSON', `{"m":"${plain}\\u0026${OLD}","n":1}`, `{"m":"${plain}\\u0026${OURS}","n":1}`, 'json'],
    ['in a feed', `<link>${plain}&amp;${OLD}</link>`, `<link>${plain}&amp;${OURS}</link>`, 'xml'],
    ['in CDATA', `<m><![CDATA[${plain}&${OLD}]]></m>`, `<m><![CDATA[${plain}&${OURS}]]></m>`, 'xml'],
    [
      'as an attribute of Torznab',
      `<torznab:attr name="magneturl" value="${plain}&amp;${OLD}"/>`,
      `<torznab:attr name="magneturl" value="${plain}&amp;${OURS}"/>`,
      'xml',
    ],
    [
      'of version 2',
      `<a href="magnet:?xt=urn:btmh:1220${'cd'.repeat(32)}&${OLD}">`,
      `<a href="magnet:?xt=urn:btmh:1220${'cd'.repeat(32)}&${OURS}">`,
    ],
    ['at the very end', `<a href="${plain}&${OLD}`, `<a href="${plain}&${OURS}`],
    [
      'in a field to copy from',
      `<input readonly value="${plain}&${OLD}">`,
      `<input readonly value="${plain}&${OURS}">`,
    ],
  ])('%s', (_, before, after, kind) => {
    expect(rewrite(before, kind)).toBe(after);
  });

  test.each<[string, string, DocumentKind?]>([
    ['in a field of a form', `<input name=m value="${plain}&${OLD}">`],
    ['in a text area', `<textarea>${plain}&${OLD}</textarea>`],
    ['in an option', `<option value='${plain}&${OLD}'>`],
    ['in a comment', `<!-- ${plain}&${OLD} -->`],
    ['in style and title', `<style>${plain}&${OLD}</style><title>${plain}&${OLD}</title>`],
    ['in a program that makes one', `<script>'magnet:?xt=urn:btih:' + hash + '&tr=' + t</script>`],
    ['in text of JSON, which somebody may edit', `{"post":"see ${plain}&${OLD}"}`, 'json'],
    ['that is not of BitTorrent', `<a href="magnet:?xt=urn:ed2k:354B15E68FB8F36D7CD88FF94116CDC1">`],
    ['that is too long', `<a href="${plain}&dn=${'x'.repeat(9_000)}&${OLD}">`],
    ['in the name of an attribute, which a missing quote makes of it', `<a title="><a href="${plain}&${OLD}">`],
    ['as a value that is not a link', `<a title=magnet:>magnet:?</a> magnet`],
  ])('stays as it is %s', (_, text, kind) => {
    expect(rewrite(text, kind)).toBe(text);
  });

  test('stays as it is if the torrent may not be rewritten, and keeps its trackers behind ours where the operator wants that', () => {
    const page = `<a href="${plain}&${OLD}">`;
    expect(rewrite(page, 'html', { mayRewrite: ({ trackers }) => trackers[0] !== 'udp://old.example:2' })).toBe(page);
    expect(rewrite(page, 'html', { keepOriginal: true })).toBe(`<a href="${plain}&${OURS}&${OLD}">`);
  });
});

describe('other changes', () => {
  test('a banner is inserted once, behind the tag that opens the body', () => {
    const page = '<!-- <body> --><script>"<body>"</script><BODY class="a>b">x<body>';
    expect(rewrite(page, 'html', { banner: '[B]' })).toBe(page.replace('b">', 'b">[B]'));
    expect(rewrite('<p>no body', 'html', { banner: '[B]' })).toBe('<p>no body');
  });

  test('links of a site to itself over https become http in attributes and scripts, no others', () => {
    const rules = { plainOrigin: { from: 'https://f.example', to: 'http://f.example:8080' } };
    const page = `<a href="https://f.example/x"><img src='HTTPS://F.EXAMPLE'><script>u = "https://f.example/api"</script>`;
    expect(rewrite(page, 'html', rules)).toBe(page.replaceAll(/https:\/\/f.example/gi, 'http://f.example:8080'));
    for (const other of [
      '<a href="https://f.example.org/x">',
      '<p>see https://f.example/',
      '<a href="https://f.example:8443/">',
      '<a href="https://f.exampleX">',
    ]) {
      expect(rewrite(other, 'html', rules)).toBe(other);
    }
  });
});

/** Pieces of a page, and what becomes of them. */
const piece = fc.oneof(
  fc
    .constantFrom(
      '<p>',
      '</p>',
      '<br/>',
      'text ',
      '<a b=c d="e>" f=\'"\'>',
      '<!-- > -->',
      '<!doctype html>',
      '</script x>',
      '&amp;',
      '\r\n',
      'magne',
      'magnet:',
      '<?php ?>',
      '<input value="x">',
      '<b',
    )
    .map((text) => text),
  fc.constantFrom(
    `<a href="magnet:?xt=urn:btih:${HASH}&amp;${OLD}">`,
    `<a href='magnet:?xt=urn:btih:${HASH}&dn=a b'>`,
    ` magnet:?xt=urn:btih:${HASH}&${OLD} `,
    `<script>"magnet:?xt=urn:btih:${HASH}\\u0026${OLD}"</script>`,
    `<textarea>magnet:?xt=urn:btih:${HASH}</textarea>`,
    `<a href="https://f.example/">`,
    '<body>',
  ),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.constantFrom(...'<>"\'=&/!-[]\\ \n;?').map((text) => text),
);

describe('whatever the document', () => {
  const rules = { plainOrigin: { from: 'https://f.example', to: 'http://f.example:8080' }, banner: '[B]' };
  const kinds = fc.constantFrom<DocumentKind>('html', 'xml', 'json');

  test('the result does not depend on how it was cut', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        kinds,
        fc.array(fc.nat(2_000), { maxLength: 30 }),
        (pieces, kind, cuts) => {
          const text = pieces.join('');
          expect(rewrite(text, kind, rules, cuts)).toBe(rewrite(text, kind, rules));
        },
      ),
      { numRuns: 3_000, seed: 7 },
    );
  });

  test('cut into single bytes, too', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), kinds, (pieces, kind) => {
        const text = pieces.join('');
        const cuts = Array.from(text, (_, i) => i);
        expect(rewrite(text, kind, rules, cuts)).toBe(rewrite(text, kind, rules));
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  test('without a banner, too, where the place follows at links only', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        kinds,
        fc.array(fc.nat(2_000), { maxLength: 30 }),
        (pieces, kind, cuts) => {
          const text = pieces.join('');
          const whole = rewrite(`${text}<body>`, kind, { banner: '' });
          expect(rewrite(`${text}<body>`, kind, {}, cuts)).toBe(whole);
        },
      ),
      { numRuns: 2_000, seed: 7 },
    );
  });

  test.each([100, 1_000, 16_384, 65_536, 200_000])('far from the last link, in chunks of %i bytes', (size) => {
    const filler = '<p class="a">text</p>'.repeat(15_000);
    const link = `magnet:?xt=urn:btih:${HASH}&amp;${OLD}`;
    const text = `${filler}<textarea>${filler}${link}</textarea>${filler}<a title="${filler}" href="${link}">`;
    const rewriter = new LinkRewriter('html', RULES);
    const out: Buffer[] = [];
    for (let at = 0; at < text.length; at += size) out.push(...rewriter.write(Buffer.from(text.slice(at, at + size))));
    const result = Buffer.concat([...out, ...rewriter.end()]).toString();
    expect(result.includes(`${link}</textarea>`)).toBe(true);
    expect(result.endsWith(`href="magnet:?xt=urn:btih:${HASH}&amp;${OURS.replace("'", '%27')}">`)).toBe(true);
  });

  test('bytes without a link keep their value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), kinds, (bytes, kind) => {
        expect(rewriteBytes(Buffer.from(bytes), kind).equals(Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: 1_000, seed: 7 },
    );
  });

  test('everything but the trackers of magnet links keeps its bytes', () => {
    const withoutTrackers = (text: string): string => text.replaceAll(/(?:&amp;|\\u0026|&)?tr=[\w%.]+/g, '');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        expect(withoutTrackers(rewrite(text))).toBe(withoutTrackers(text));
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });
});

describe('a page that is made to cost', () => {
  const held = (text: string, kind: DocumentKind = 'html'): number => {
    const rewriter = new LinkRewriter(kind, RULES);
    let most = 0;
    let written = 0;
    let passed = 0;
    for (let at = 0; at < text.length; at += 65_536) {
      const chunk = Buffer.from(text.slice(at, at + 65_536), 'latin1');
      written += chunk.length;
      passed += rewriter.write(chunk).reduce((sum, each) => sum + each.length, 0);
      most = Math.max(most, written - passed);
    }
    return most;
  };
  test.each<[string, string]>([
    ['a tag without an end', `<a ${'b'.repeat(5_000_000)}`],
    ['a tag of a million attributes', `<a ${'b=c '.repeat(1_000_000)}>`],
    ['a value without an end', `<a href="${'b'.repeat(5_000_000)}`],
    ['a comment without an end', `<!--${'-'.repeat(5_000_000)}`],
    ['a link without an end', `<a href="magnet:?${'b'.repeat(5_000_000)}`],
    ['links without an end', `<a href="${'magnet:?'.repeat(600_000)}`],
    ['a script without an end', `<script>${'</scrip'.repeat(700_000)}`],
    ['tags in tags', '<'.repeat(5_000_000)],
  ])('%s is not held back', (_, text) => {
    expect(held(text)).toBeLessThan(20_000);
  });
});
