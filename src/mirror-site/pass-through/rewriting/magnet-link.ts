/**
 * Replaces the trackers of a magnet link as it is written in a page: `&` may be written `&amp;`, as in HTML, or as an escape of
 * JavaScript and JSON. Everything but `tr` keeps its bytes. `rewriteMagnet` of `src/wire` does the same for a link alone.
 */
import { ClientError } from '../../../domain/errors.js';
import { type Magnet, parseMagnet } from '../../../wire/metainfo-magnet.js';
import { announceTiers } from '../../../wire/metainfo-rewrite.js';

export interface MagnetRules {
  /** At least one. */
  readonly announceUrls: readonly string[];
  readonly keepOriginal: boolean;
  /** False for a torrent whose peers the alias tracker could not offer. */
  readonly mayRewrite: (magnet: Magnet) => boolean;
}

const START = 'magnet:?'.length;
/** Another `&` begins a character reference, which belongs to a value. */
const SEPARATOR = /&amp;|&#0{0,4}38;|&#x0{0,4}26;|\\u0026|\\x26|&(?!#x?[0-9a-f]{1,7};|[a-z][a-z0-9]{1,30};)/gi;
const TRACKER = /^tr(?:\.\d+)?=/i;

interface Parameter {
  readonly separator: string;
  readonly text: string;
}

/**
 * @param raw from `magnet:?` to its end, one character per byte
 * @param byDefault what separates parameters where the link has one alone
 * @returns undefined if it stays as it is
 */
export function editMagnet(raw: string, byDefault: '&' | '&amp;', rules: MagnetRules): string | undefined {
  const parameters = split(raw);
  const magnet = read(parameters);
  if (magnet === undefined || !rules.mayRewrite(magnet)) return undefined;
  const { announceUrls, keepOriginal } = rules;
  const originals = magnet.trackers.map((url) => [url]);
  const urls = keepOriginal ? announceTiers({ announceUrls, keepOriginal }, originals).flat() : announceUrls;
  const separator = parameters.find((each) => each.separator !== '')?.separator ?? byDefault;
  const trackers = urls.map((url) => `tr=${encode(url)}`).join(separator);
  const first = parameters.findIndex(({ text }) => TRACKER.test(text));
  const kept = parameters.flatMap(({ separator, text }, i) => {
    if (i === first) return [separator + trackers];
    return TRACKER.test(text) ? [] : [separator + text];
  });
  if (first < 0) kept.push(separator + trackers);
  const edited = raw.slice(0, START) + kept.join('');
  return edited === raw ? undefined : edited;
}

function split(raw: string): Parameter[] {
  const parameters: Parameter[] = [];
  let at = START;
  let separator = '';
  for (const match of raw.matchAll(SEPARATOR)) {
    if (match.index < START) continue;
    parameters.push({ separator, text: raw.slice(at, match.index) });
    separator = match[0];
    at = match.index + separator.length;
  }
  parameters.push({ separator, text: raw.slice(at) });
  return parameters;
}

function read(parameters: readonly Parameter[]): Magnet | undefined {
  const plain = parameters.map(({ text }) => withoutEscapes(text)).join('&');
  try {
    return parseMagnet(`magnet:?${plain}`);
  } catch (thrown) {
    if (thrown instanceof ClientError) return undefined;
    throw thrown;
  }
}

function withoutEscapes(text: string): string {
  return text
    .replaceAll('\\/', '/')
    .replace(/&#(\d{1,3});/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/&#x([0-9a-f]{1,2});/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Also what could end an attribute or a string of a script. */
function encode(url: string): string {
  return encodeURIComponent(url).replaceAll("'", '%27');
}
