import { describe, expect, test } from 'vitest';
import { createLogger } from '../../../src/logging/logger.js';

function logged(readable: boolean, log: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  const write = (line: string): void => {
    text += line;
  };
  log(createLogger('info', { readable, destination: { write } }));
  return text;
}

describe('logger', () => {
  test('one JSON object a line, with the time in ISO 8601 and the level by name', () => {
    const line = logged(false, (logger) => logger.info({ part: 'crawler', torrents: 3 }, 'crawled'));
    expect(JSON.parse(line)).toMatchObject({ level: 'info', part: 'crawler', torrents: 3, msg: 'crawled' });
    expect(JSON.parse(line).time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  test('a line for people', () => {
    const line = logged(true, (logger) => logger.warn({ part: 'crawler', source: 'lab' }, 'slow'));
    expect(line).toMatch(/^\d\d:\d\d:\d\d warn {2}crawler: slow \(source=lab\)\n$/);
  });

  test('an error shows its cause; below error without the stack', () => {
    const cause = new Error('disk full');
    expect(logged(true, (logger) => logger.warn({ err: cause }, 'not saved'))).toMatch(/not saved \(disk full\)\n$/);
    expect(logged(true, (logger) => logger.error({ err: cause }, 'not saved'))).toContain('at ');
  });

  test('what strangers wrote moves no cursor and makes no line of its own', () => {
    const name = 'a\u001b[2J\u009b1A\u202egpj.exe\n10:15:02 info  all is well';
    const line = logged(true, (logger) => logger.warn({ name, err: new Error(name) }, `skipped ${name}`));
    expect(line).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}/u);
    expect(line.match(/^\S/gm)).toHaveLength(1);
    expect(JSON.parse(logged(false, (logger) => logger.warn({ name }, 'skipped')))).toMatchObject({ name });
  });

  test('tokens never appear', () => {
    for (const readable of [true, false]) {
      const text = logged(readable, (logger) =>
        logger.info({ token: 'geheim', probe: { token: 'geheim' }, headers: { authorization: 'Bearer geheim' } }, 'x'),
      );
      expect(text).not.toContain('geheim');
      expect(text).toContain('[secret]');
    }
  });

  test('secrets in URLs never appear, wherever the URL stands', () => {
    const url = 'https://user:geheim@t.example/announce?passkey=geheim';
    for (const readable of [true, false]) {
      const text = logged(readable, (logger) =>
        logger.warn({ url, err: new Error(`no answer of ${url}`) }, `at ${url}`),
      );
      expect(text).not.toContain('geheim');
      expect(text.match(/t\.example\/announce\?passkey=\[secret\]/g)?.length).toBeGreaterThanOrEqual(3);
      if (!readable) expect(JSON.parse(text)).toMatchObject({ level: 'warn' });
    }
  });

  test('lines below the level are not written', () => {
    expect(logged(false, (logger) => logger.debug('x'))).toBe('');
  });
});
