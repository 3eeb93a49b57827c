/**
 * A connection that has become another protocol's, such as a WebSocket (RFC 6455): its bytes go both ways unread. Each side
 * that ends, fails or is silent for too long ends the other.
 */
import type { Duplex } from 'node:stream';
import type { RawHeaders } from './forwarded-headers.js';

/** The head of the answer that switches protocols, as bytes. @param headers those that cross */
export function switchingHead(protocol: string, headers: RawHeaders): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${protocol}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** @param onEnd called once */
export function join(reader: Duplex, original: Duplex, idleMs: number, onEnd: () => void): void {
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    reader.destroy();
    original.destroy();
    onEnd();
  };
  for (const side of [reader, original]) {
    side.on('error', end);
    side.on('close', end);
    if ('setTimeout' in side && typeof side.setTimeout === 'function') side.setTimeout(idleMs, end);
  }
  reader.pipe(original);
  original.pipe(reader);
}
