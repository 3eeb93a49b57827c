/** Header fields that a source sends to its site: cookies and API keys. */
import { z } from 'zod';

/** Fields that the crawler sets itself, or that frame the message. */
const RESERVED = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'te', 'upgrade', 'expect']);
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
/** RFC 9110 section 5.5, without bytes beyond ASCII. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]{0,4094}[\x21-\x7e])?$/;

const value = z
  .string({ error: 'expected the value of a header field' })
  .regex(VALUE, { error: 'the value of a header field is printable ASCII on one line' });

export const headerFields = z.record(z.string(), value).superRefine((fields, context) => {
  for (const name of Object.keys(fields)) {
    const message = RESERVED.has(name.toLowerCase())
      ? 'the crawler sets this header field itself'
      : 'not the name of a header field, e.g. "Cookie"';
    if (RESERVED.has(name.toLowerCase()) || !NAME.test(name))
      context.addIssue({ code: 'custom', message, path: [name] });
  }
});
