/** The messages of one answer: records packed into as few messages as fit, names compressed, signed one after another. */

import { EDNS_UDP_BYTES } from '../limits.js';
import { FLAG_AUTHORITATIVE, FLAG_RESPONSE, TYPE_OPT } from '../wire/dns-codes.js';
import type { DnsQuestion, DnsRecord } from '../wire/dns-message.js';
import { ROOT_NAME } from '../wire/domain-name.js';
import { MessageWriter } from '../wire/message-writer.js';
import type { TsigSigner } from './tsig.js';

export interface AnswerForm {
  readonly id: number;
  /** Opcode and "recursion desired" of the request. */
  readonly requestFlags: number;
  /** Undefined if the request has none that can be read. */
  readonly question: DnsQuestion | undefined;
  /** Whether the request has an OPT record; then each answer has one (RFC 6891 section 7). */
  readonly edns: boolean;
  readonly signer: TsigSigner | undefined;
  readonly nowSeconds: number;
}

const REPEATED_FLAGS = 0x7900;
const OPT: DnsRecord = { name: ROOT_NAME, type: TYPE_OPT, class: EDNS_UDP_BYTES, ttl: 0, data: new Uint8Array() };
/** The root, type, class, time to live and length. */
const OPT_BYTES = 11;

/**
 * Every record, in this order. Only the first message has the question (RFC 5936 section 2.2.1).
 * @param maxBytes of a message; a record that is longer has a message of its own
 */
export function* transferMessages(
  form: AnswerForm,
  records: Iterable<DnsRecord>,
  maxBytes: number,
): Generator<Buffer, void, undefined> {
  const reserved = (form.signer?.signatureBytes ?? 0) + (form.edns ? OPT_BYTES : 0);
  let writer = begin(form, form.question);
  let count = 0;
  for (const record of records) {
    // Names are counted as if none could be compressed.
    const needed = record.name.length + 10 + record.data.length;
    if (count > 0 && writer.length + needed + reserved > maxBytes) {
      yield finish(form, writer);
      writer = begin(form, undefined);
      count = 0;
    }
    writer.record('answer', record);
    count++;
  }
  yield finish(form, writer);
}

/** An answer without records. */
export function emptyAnswer(form: AnswerForm, rcode: number): Buffer {
  return finish(form, begin(form, form.question, rcode));
}

function begin(form: AnswerForm, question: DnsQuestion | undefined, rcode = 0): MessageWriter {
  const authoritative = rcode === 0 ? FLAG_AUTHORITATIVE : 0;
  const writer = new MessageWriter(
    form.id,
    FLAG_RESPONSE | authoritative | (form.requestFlags & REPEATED_FLAGS) | rcode,
  );
  if (question !== undefined) writer.question(question);
  return writer;
}

function finish({ edns, signer, nowSeconds }: AnswerForm, writer: MessageWriter): Buffer {
  if (edns) writer.record('additional', OPT);
  const message = writer.finish();
  return signer?.sign(message, nowSeconds) ?? message;
}
