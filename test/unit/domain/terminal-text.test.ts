import { describe, expect, test } from 'vitest';
import { formatTable } from '../../../src/cli/table.js';
import { terminalLine, terminalText } from '../../../src/domain/terminal-text.js';

describe('text for a terminal', () => {
  test('loses what controls the terminal or turns text around, and keeps everything else', () => {
    expect(terminalText('a\u001b]0;title\u0007b\u0000\r\u009bc\u202ed\u2066e\u200bf\u007fg')).toBe('a]0;titlebcdefg');
    expect(terminalText('Ünïcödé 日本語 🎬 עברית\n\tnext')).toBe('Ünïcödé 日本語 🎬 עברית\n\tnext');
  });

  test('on one line takes no second one', () => {
    expect(terminalLine('name\n#1  another row\tx')).toBe('name #1 another row x');
  });

  test('is what tables are made of', () => {
    const table = formatTable(['na\u001bme'], [['a\u001b[31m\nb']]);
    expect(table).not.toContain('\u001b');
    expect(table.trimEnd().split('\n')).toHaveLength(3);
  });
});
