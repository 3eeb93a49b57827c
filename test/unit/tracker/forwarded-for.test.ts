import { describe, expect, it } from 'vitest';
import { formatIp, parseIp, parsePrefix } from '../../../src/domain/ip-address.js';
import { NetworkSet } from '../../../src/domain/network-set.js';
import { applyForwardedFor } from '../../../src/tracker/forwarded-for.js';
import { RemoteAddress } from '../../../src/transport/transport.js';
import { HttpRequestHead, parseHttpRequestHead } from '../../../src/wire/http-request-head.js';

const PROXIES = new NetworkSet(['10.0.0.0/8', '2001:db8::/64'].map(parsePrefix));

function placed(connection: string, ...lines: string[]): string | null {
  const text = `GET / HTTP/1.1\r\n${lines.map((line) => `X-Forwarded-For: ${line}\r\n`).join('')}\r\n`;
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
  const head = new HttpRequestHead();
  parseHttpRequestHead(bytes, 0, bytes.length, 8_192, head);
  const { family, words } = parseIp(connection);
  const client = Object.assign(new RemoteAddress(), {
    family,
    word0: words[0],
    word1: words[1] ?? 0,
    word2: words[2] ?? 0,
    word3: words[3] ?? 0,
  });
  if (!applyForwardedFor(bytes, head, PROXIES, client)) return null;
  const { word0, word1, word2, word3 } = client;
  return formatIp({ family: client.family, words: client.family === 4 ? [word0] : [word0, word1, word2, word3] });
}

describe('X-Forwarded-For', () => {
  it.each([
    ['the hop before the proxy', '10.0.0.1', ['198.51.100.7'], '198.51.100.7'],
    ['the rightmost that is not a proxy', '10.0.0.1', ['1.1.1.1, 198.51.100.7, 10.2.2.2'], '198.51.100.7'],
    ['over several lines', '10.0.0.1', ['1.1.1.1, 198.51.100.7', ' 10.2.2.2 ,10.3.3.3'], '198.51.100.7'],
    ['nothing from a stranger', '198.51.100.1', ['1.1.1.1'], '198.51.100.1'],
    ['the leftmost proxy where all are', '10.0.0.1', ['10.9.9.9, 10.2.2.2'], '10.9.9.9'],
    ['an IPv6 client of an IPv4 proxy', '10.0.0.1', ['2a00::7'], '2a00::7'],
    ['IPv6 proxies', '2001:db8::1', ['192.0.2.9, 2001:db8::2'], '192.0.2.9'],
    ['a mapped address as IPv4', '10.0.0.1', ['::ffff:198.51.100.7'], '198.51.100.7'],
    ['an address with a port', '10.0.0.1', ['198.51.100.7:1234'], '198.51.100.7'],
    ['an address in brackets', '10.0.0.1', ['[2a00::7]:443'], '2a00::7'],
    ['no lines', '10.0.0.1', [], '10.0.0.1'],
  ])('gives %s', (_name, connection, lines, expected) => {
    expect(placed(connection, ...lines)).toBe(expected);
  });

  it.each(['unknown', '', 'client.example', '1.2.3', '300.1.1.1', 'x'.repeat(100)])(
    'that says "%s" places nobody',
    (text) => {
      expect(placed('10.0.0.1', `1.1.1.1, ${text}`)).toBe(text === '' ? '1.1.1.1' : null);
    },
  );
});
