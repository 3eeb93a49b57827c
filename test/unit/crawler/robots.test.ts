import { describe, expect, it } from 'vitest';
import { parseRobots } from '../../../src/crawler/robots.js';

const rules = (text: string) => parseRobots(text, 'alias-tracker');

describe('robots.txt', () => {
  it('follows the group that names the crawler, else that of everyone', () => {
    const text =
      'User-Agent: other\nUser-agent: Alias-Tracker/1.0\nDisallow: /a # not this\n\nUser-agent: *\nDisallow: /';
    expect(rules(text).allows('/a/b')).toBe(false);
    expect(rules(text).allows('/b')).toBe(true);
    expect(parseRobots(text, 'stranger').allows('/b')).toBe(false);
  });

  it('takes the longest match, and allow in a tie', () => {
    const { allows } = rules('User-agent: *\nDisallow: /a\nAllow: /a/b\nAllow: /c\nDisallow: /c\nDisallow:');
    expect([allows('/a'), allows('/a/b/c'), allows('/c'), allows('/d')]).toEqual([false, true, true, true]);
  });

  it('knows * and $', () => {
    const { allows } = rules('User-agent: *\nDisallow: /*.torrent$\nDisallow: /x*y\nDisallow: /q?(a');
    expect([allows('/d/1.torrent'), allows('/d/1.torrent?x'), allows('/x1y2'), allows('/q?(ab')]).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });

  it('reads the delay and survives anything else', () => {
    expect(rules('User-agent: *\nCrawl-delay: 2.5').crawlDelayMs).toBe(2500);
    expect(rules('<html>\u0000: \n:::\nDisallow: /a').allows('/a')).toBe(true);
    expect(rules('').allows('/')).toBe(true);
  });
});
