/**
 * Writes the head of an HTTP answer (RFC 9112) in front of a body that is already in the buffer. Content-Length is
 * always present. Bodies are never compressed, because compact peers do not shrink.
 */
import { decimalDigits, FixedText, viewOf, writeDecimal, writeFixed } from './write-bytes.js';

/** The head for each status, up to the digits of Content-Length. */
const HEADS: ReadonlyMap<number, FixedText> = new Map(
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
    new FixedText(
      `HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain\r\n${status === 405 ? 'Allow: GET, HEAD\r\n' : ''}Content-Length: `,
    ),
  ]),
);
const KEEP_ALIVE = new FixedText('\r\nConnection: keep-alive\r\n\r\n');
const CLOSE = new FixedText('\r\nConnection: close\r\n\r\n');
const HEAD_200 = HEADS.get(200)!;

/** Digits of the expected body length; with another number of digits the body moves. */
const USUAL_DIGITS = 3;

/** Where to write the body of a 200, so that its head usually fits in front without a move. */
export function bodyOffset(headStart: number, close: boolean): number {
  return headStart + HEAD_200.length + USUAL_DIGITS + (close ? CLOSE : KEEP_ALIVE).length;
}

/**
 * Writes the head at `headStart` for the body at [bodyStart, bodyEnd), and closes the gap if there is one.
 * @param withoutBody answers HEAD: the same head without a body
 * @returns the offset after the whole answer
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
  const view = viewOf(out);
  // writeFixed stores whole words and would overwrite the first bytes of the body.
  const kept = view.getInt32(target);
  const at = writeDecimal(out, writeFixed(view, headStart, head), length);
  writeFixed(view, at, tail);
  view.setInt32(target, kept);
  return withoutBody ? target : target + length;
}
