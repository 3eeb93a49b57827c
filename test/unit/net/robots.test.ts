import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesPattern, parseRobots } from '../../../src/net/robots.js';

const rules = (text: string, product = 'alias-tracker') => parseRobots(text, product);

describe('robots.txt', () => {
  it('follows the group that names the crawler, else that of everyone', () => {
    const text =
      'User-Agent: other\nUser-agent: Alias-Tracker/1.0\nDisallow: /a # not this\n\nUser-agent: *\nDisallow: /';
    expect(rules(text).allows('/a/b')).toBe(false);
    expect(rules(text).allows('/b')).toBe(true);
    expect(rules(text, 'stranger').allows('/b')).toBe(false);
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

  it.each([
    // RFC 9309 section 2.2.3, and Google's published examples of the same rules
    ['/fish*', '/fish.html', true],
    ['/fish*', '/catfish', false],
    ['/*.php$', '/folder/filename.php', true],
    ['/*.php$', '/filename.php?parameters', false],
    ['/*.php$', '/filename.php5', false],
    ['/fish*.php', '/fishheads/catfish.php?id=2', true],
    ['/fish*.php', '/Fish.PHP', false],
    ['*', '/anything', true],
    ['$', '/', false],
    ['/$', '/', true],
    ['/$', '/a', false],
    ['/a$', '/a', true],
    ['/a*a$', '/a', false],
    ['/a*a$', '/aa', true],
    ['/a*ab*b$', '/aab', false],
    ['/a*ab*b$', '/aabb', true],
    ['/**a***b', '/xxaxxb', true],
    ['/a$b', '/a$b', true],
    ['/1*2*3*4*5*6*7*8*9*0', '/1-2-3-4-5-6-7-8-9-0', true],
  ])('matches %s against %s: %s', (pattern, path, matches) => {
    expect(matchesPattern(pattern, path)).toBe(matches);
  });

  it('matches as a regular expression of the same meaning does', () => {
    const text = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 12 });
    fc.assert(
      fc.property(text('ab*$'), text('ab$'), (pattern, path) => {
        const anchored = pattern.endsWith('$');
        const source = (anchored ? pattern.slice(0, -1) : pattern).replace(/[$]/g, '\\$&').replace(/\*+/g, '.*');
        expect(matchesPattern(pattern, path)).toBe(new RegExp(`^${source}${anchored ? '$' : ''}`).test(path));
      }),
    );
  });

  it('forgets no rule for its stars, and refuses a file with more rules than it can keep to', () => {
    expect(rules(`User-agent: *\nDisallow: /${'*a'.repeat(50)}`).allows(`/${'ba'.repeat(50)}`)).toBe(false);
    const many = Array.from({ length: 5_001 }, (_, i) => `Disallow: /${i}`).join('\n');
    expect(() => rules(`User-agent: *\n${many}`)).toThrow(/more than 5000 rules/);
  });

  it('refuses a file whose wildcards would cost too much on each URL', () => {
    const file = (count: number, pattern: (i: number) => string) =>
      rules(`User-agent: *\n${Array.from({ length: count }, (_, i) => `Disallow: ${pattern(i)}`).join('\n')}`);
    expect(file(500, (i) => `/*.${i}`).allows('/a.499')).toBe(false);
    expect(() => file(501, (i) => `/*.${i}`)).toThrow(/more than 500 rules with a "\*"/);
    expect(file(5, () => `/*${'a'.repeat(1_998)}`).allows(`/${'a'.repeat(1_997)}`)).toBe(true);
    expect(() => file(5, () => `/*${'a'.repeat(1_999)}`)).toThrow(/10000 characters/);
    expect(file(5_000, (i) => `/${i}${'a'.repeat(80)}$`).allows('/1'), 'without a wildcard').toBe(true);
    const forOthers = Array.from({ length: 501 }, (_, i) => `Disallow: /*${i}`).join('\n');
    expect(rules(`User-agent: other\n${forOthers}\n\nUser-agent: *\nDisallow: /a`).allows('/b')).toBe(true);
  });

  it('reads the delay and survives anything else', () => {
    expect(rules('User-agent: *\nCrawl-delay: 2.5').crawlDelayMs).toBe(2500);
    expect(rules('<html>\u0000: \n:::\nDisallow: /a').allows('/a')).toBe(true);
    expect(rules('').allows('/')).toBe(true);
  });
});
