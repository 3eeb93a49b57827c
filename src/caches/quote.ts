/** Text of clients in messages and in the log: on one line, without control characters, and not longer than people read. */
import { cutToBytes } from '../domain/cut-text.js';
import { terminalLine } from '../domain/terminal-text.js';
import { MAX_QUOTED_BYTES } from './limits.js';

export function quote(text: string, maxBytes: number = MAX_QUOTED_BYTES): string {
  return terminalLine(cutToBytes(text.trim(), maxBytes));
}
