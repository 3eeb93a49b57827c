/**
 * Loops between mirror sites (RFC 9110 section 7.6.3): each request to an original says through which mirror sites it
 * came. Addresses alone do not show a loop between the mirrors of two operators.
 */
import { randomBytes } from 'node:crypto';

const NAME = 'alias-tracker';
/** A customer's mirror may resolve at a provider that redirects too. More in a row is a loop, whatever their names. */
const MAX_MIRRORS = 3;

/** How this process names itself; random, so that it tells nothing about the operator. */
export function mirrorPseudonym(random: Buffer = randomBytes(4)): string {
  return `${NAME}-${random.toString('hex')}`;
}

/** @param via the request's field, all of its lines joined */
export function isLoop(via: string | undefined, pseudonym: string): boolean {
  if (via === undefined) return false;
  const mirrors = via.split(',').filter((entry) => entry.includes(NAME));
  return mirrors.length >= MAX_MIRRORS || mirrors.some((entry) => entry.includes(pseudonym));
}

/** @param httpVersion of the request, `1.1` */
export function withVia(via: string | undefined, httpVersion: string, pseudonym: string): string {
  const own = `${httpVersion} ${pseudonym}`;
  return via === undefined ? own : `${via}, ${own}`;
}
