/**
 * Every code of an error that the program reports, in one place: what a caller of the control API gets for it, and how a
 * command ends with it. docs/errors.md has the same table for people; `test/repo/errors.test.ts` compares the two.
 */

interface Entry {
  /** Short, for people; the message says what happened this time. */
  readonly title: string;
  /** How a command ends: 2 where its arguments or the configuration are wrong, 1 for everything else. */
  readonly exitCode: 1 | 2;
  /** Of the control API; missing where no caller ever gets it. */
  readonly status?: number;
}

export const ERROR_CATALOGUE = {
  // What the control API answers.
  'bad-request': { status: 400, exitCode: 1, title: 'The request is not well-formed' },
  unauthorised: { status: 401, exitCode: 1, title: 'The call needs a valid token, signature or certificate' },
  forbidden: { status: 403, exitCode: 1, title: 'The caller may not do that' },
  'not-found': { status: 404, exitCode: 1, title: 'It does not exist' },
  'method-not-allowed': { status: 405, exitCode: 1, title: 'The call has other methods' },
  'too-large': { status: 413, exitCode: 1, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, exitCode: 1, title: 'The request is in an unsupported format' },
  unprocessable: { status: 422, exitCode: 1, title: 'The request is well-formed but refused' },
  'torrent-not-listed': { status: 422, exitCode: 1, title: 'The tracker does not serve this torrent' },
  'torrent-of-others': { status: 422, exitCode: 1, title: 'The torrent belongs to other trackers' },
  'torrent-unknown': { status: 422, exitCode: 1, title: 'Nothing is known of the torrent' },
  'torrent-private': { status: 422, exitCode: 1, title: 'The torrent is private' },
  'torrent-denied': { status: 422, exitCode: 1, title: 'The torrent is on the deny list' },
  'too-many-requests': { status: 429, exitCode: 1, title: 'Too many requests' },
  internal: { status: 500, exitCode: 1, title: 'A defect of the program' },
  unavailable: { status: 503, exitCode: 1, title: 'Not available now' },
  'storage-failure': { status: 503, exitCode: 1, title: 'The disk of the tracker fails' },

  // What strangers and other servers send.
  'invalid-value': { status: 422, exitCode: 2, title: 'A value is not valid' },
  'invalid-bencode': { status: 422, exitCode: 1, title: 'The bytes are not bencode' },
  'invalid-torrent': { status: 422, exitCode: 1, title: 'It is not a torrent' },
  'private-torrent': { status: 422, exitCode: 1, title: 'The torrent is private' },
  'invalid-document': { status: 422, exitCode: 1, title: 'A page, feed or robots.txt cannot be used' },
  'too-costly': { status: 422, exitCode: 1, title: 'A document takes too long or too much memory to read' },
  'reader-busy': { status: 503, exitCode: 1, title: 'Too many documents wait to be read' },
  'invalid-answer': { status: 502, exitCode: 1, title: 'Another server sent an invalid answer' },
  'refused-elsewhere': { status: 502, exitCode: 1, title: 'Another server refused the request' },
  unreachable: { status: 502, exitCode: 1, title: 'Another server cannot be reached' },
  'not-fetched': { status: 502, exitCode: 1, title: 'An address is not fetched, by the rules of the crawler' },

  // What only the operator sees: at the command line and in the log.
  usage: { exitCode: 2, title: 'The command or its input is not valid' },
  'invalid-configuration': { exitCode: 2, title: 'The configuration is not valid' },
  'cannot-listen': { exitCode: 1, title: 'A port cannot be used' },
  'file-access': { exitCode: 1, title: 'A file cannot be read or written' },
  'storage-in-use': { exitCode: 1, title: 'Another tracker uses the storage directory' },
  'database-damaged': { exitCode: 1, title: 'The database is damaged' },
  environment: { exitCode: 1, title: 'This machine lacks something that the command needs' },
  failed: { exitCode: 1, title: 'The command could not do what it was asked' },
} as const satisfies Readonly<Record<string, Entry>>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** The codes that a stranger may see. */
export type ClientErrorCode = {
  [Code in ErrorCode]: (typeof ERROR_CATALOGUE)[Code] extends { readonly status: number } ? Code : never;
}[ErrorCode];

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, text);
}

export const CLIENT_ERROR_CODES: readonly ClientErrorCode[] = Object.keys(ERROR_CATALOGUE)
  .filter(isErrorCode)
  .filter((code): code is ClientErrorCode => 'status' in ERROR_CATALOGUE[code]);
