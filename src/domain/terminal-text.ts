/**
 * Text that strangers wrote (names of torrents, answers of sites and trackers) on an operator's terminal: without control
 * characters, which move the cursor, hide what was printed or answer for the operator (ECMA-48), and without those that
 * change the direction of others.
 */

/** Line feeds and tabs stay. */
export function terminalText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === '\n' || character === '\t' ? character : ''));
}

/** On one line. */
export function terminalLine(text: string): string {
  return terminalText(text).replace(/\s+/g, ' ');
}
