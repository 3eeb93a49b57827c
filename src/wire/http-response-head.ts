/**
 * The head of an HTTP answer (RFC 9112), written in front of a body that already stands in the buffer. Content-Length is
 * always there; bodies are never compressed, since compact peers do not shrink.
 */
import { asciiBytes, decimalDigits, writeBytes, writeDecimal } from './write-bytes.js';

/** The head of each status that a tracker gives, up to the digits of Content-Length. */
const HEADS: ReadonlyMap<number, Uint8Array> = new Map(
  (
    [
      [200, 'OK'],
      [400, 'Bad Request'],
      [403, 'Forbidden'],
      [404, 'Not Found'],
      [405, 'Method Not Allowed'],
      [431, 'Request Header Fields Too Large'],
    ] as const
  ).map(([status, reason]) => [
    status,
    asciiBytes(
      `HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain\r\n${status === 405 ? 'Allow: GET, HEAD\r\n' : ''}Content-Length: `,
    ),
  ]),
);
const KEEP_ALIVE = asciiBytes('\r\nConnection: keep-alive\r\n\r\n');
const CLOSE = asciiBytes('\r\nConnection: close\r\n\r\n');
const HEAD_200 = HEADS.get(200)!;

/** Digits of the body length that a body is placed for; another number of digits moves it. */
const USUAL_DIGITS = 3;

/** Where to write the body of a 200 so that its head most likely fits in front without a move. */
export function bodyOffset(headStart: number, close: boolean): number {
  return headStart + HEAD_200.length + USUAL_DIGITS + (close ? CLOSE : KEEP_ALIVE).length;
}

/**
 * Writes the head at `headStart` for a body that stands at [bodyStart, bodyEnd), closing the gap if there is one.
 * @param withoutBody the answer to HEAD: the same head, nothing behind it
 * @returns the offset behind the whole answer
 */
export function finishHttpAnswer(
  out: Uint8Array,
  headStart: number,
  bodyStart: number,
  bodyEnd: number,
  status: number,
  close: boolean,
  withoutBody: boolean,
): number {
  const length = bodyEnd - bodyStart;
  const head = status === 200 ? HEAD_200 : HEADS.get(status)!;
  const tail = close ? CLOSE : KEEP_ALIVE;
  const target = headStart + head.length + decimalDigits(length) + tail.length;
  if (target !== bodyStart && !withoutBody) out.copyWithin(target, bodyStart, bodyEnd);
  let at = writeBytes(out, headStart, head);
  at = writeDecimal(out, at, length);
  at = writeBytes(out, at, tail);
  return withoutBody ? at : at + length;
}
