/** A slice: the values of all series at one minute, a 32-bit float for each key, so that recording a minute writes one row. */
import { merged } from './columns.js';
import type { ValueKind } from './series-definition.js';

const BYTES = 4;

export interface KeyedValue {
  /** From 1 on. */
  readonly key: number;
  readonly kind: ValueKind;
  readonly value: number;
}

export function sliceValue(data: Buffer, key: number): number {
  const at = (key - 1) * BYTES;
  return at + BYTES <= data.length ? data.readFloatLE(at) : Number.NaN;
}

/** @param before what is already stored of the same minute */
export function encodeSlice(values: readonly KeyedValue[], before: Buffer | undefined): Buffer {
  const keys = values.reduce((most, { key }) => Math.max(most, key), (before?.length ?? 0) / BYTES);
  const data = Buffer.alloc(keys * BYTES);
  for (let at = 0; at < data.length; at += BYTES) data.writeFloatLE(Number.NaN, at);
  before?.copy(data);
  for (const { key, kind, value } of values) {
    data.writeFloatLE(merged(kind, sliceValue(data, key), value), (key - 1) * BYTES);
  }
  return data;
}
