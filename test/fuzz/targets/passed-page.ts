/** Pages, feeds and JSON of original sites that pass through the mirror site, whose magnet links are rewritten on the way. */
import type { Random } from '../../../src/domain/random.js';
import { type DocumentKind, LinkRewriter } from '../../../src/mirror-site/pass-through/rewriting/link-rewriter.js';
import { bytesOf, type FuzzTarget, holds, pick } from '../fuzz-target.js';

const KINDS: readonly DocumentKind[] = ['html', 'xml', 'json'];
const MAGNET = `magnet:?xt=urn:btih:${'ab'.repeat(20)}`;
/** Beyond it, single bytes take too long. */
const MAX_SINGLE_BYTES = 400;

export const passedPage: FuzzTarget = {
  name: 'passed-page',
  about: 'pages of original sites: the same result however they are cut, and no change where nothing may be rewritten',
  words: [
    MAGNET,
    '&amp;tr=udp%3A%2F%2Fold.example%3A1',
    '\\u0026tr=x',
    '&quot;',
    '<a href="',
    "<input value='",
    '<textarea>',
    '</textarea>',
    '<script>',
    '</script>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<body>',
    'https://f.example',
    '"',
    '>',
  ],
  maxInputBytes: 20_000,
  create: () => ({ make: makePage, run: runPage }),
};

function makePage(random: Random): Uint8Array {
  const parts = Array.from({ length: random.below(12) }, () =>
    pick(random, [
      `<a href="${MAGNET}&amp;tr=x">`,
      `<a href='${MAGNET}'>`,
      `<p>${MAGNET} `,
      `<script>"${MAGNET}\\u0026tr=x"</script>`,
      `<textarea>${MAGNET}</textarea>`,
      '<!-- > -->',
      '<body class=x>',
      '<img src="https://f.example/">',
      'text',
    ]),
  );
  return bytesOf(parts.join(''));
}

function runPage(input: Uint8Array): string {
  const bytes = Buffer.from(input);
  let isChanged = false;
  for (const kind of KINDS) {
    const whole = rewritten(bytes, kind, bytes.length, true);
    isChanged ||= !whole.equals(bytes);
    const cuts = [1 + (bytes.length >> 1), 7, ...(bytes.length <= MAX_SINGLE_BYTES ? [1] : [])];
    for (const cut of cuts) {
      holds(
        rewritten(bytes, kind, cut, true).equals(whole),
        'the cutting does not matter',
        () => `${kind}, every ${cut}`,
      );
    }
    holds(rewritten(bytes, kind, 7, false).equals(bytes), 'nothing changes where nothing may', () => kind);
  }
  return isChanged ? 'rewritten' : 'unchanged';
}

function rewritten(bytes: Buffer, kind: DocumentKind, cut: number, mayRewrite: boolean): Buffer {
  const rewriter = new LinkRewriter(kind, {
    announceUrls: ['udp://a.example:1'],
    keepOriginal: false,
    mayRewrite: () => mayRewrite,
    ...(mayRewrite && { banner: '[B]', plainOrigin: { from: 'https://f.example', to: 'http://f.example' } }),
  });
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += cut) out.push(...rewriter.write(bytes.subarray(at, at + cut)));
  return Buffer.concat([...out, ...rewriter.end()]);
}
