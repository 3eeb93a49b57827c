/**
 * A block: the values of one series over one period as bytes. `exact` values are 32-bit floats (seven digits), split into planes of
 * equal bytes and compressed with deflate. `rough` ones, for the many series of sub-domains, are logarithms in steps of 1 %, with integers up
 * to 95 restored; each is stored as its difference from the one before, in a Rice code
 * or deflated. A gap is NaN.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { readRice, writeRice } from './rice-code.js';

export type Precision = 'exact' | 'rough';

const EXACT = 1;
const ROUGH = 2;
const ROUGH_DEFLATED = 3;

/** Codes of rough values: 0 is a gap, 1 is zero, the others are logarithms. */
const GAP = 0;
const ZERO = 1;
const FIRST_CODE = 2;
/** 70 steps for each doubling are 1 % each. */
const STEPS_PER_DOUBLING = 70;
const SMALLEST_EXPONENT = -20;
const MAX_CODE = 0xffff;
/** Rough values up to this many differ in their code from their neighbours, so integers are restored as integers. */
const MAX_RESTORED_INTEGER = 95;

/** @param columns of equal length, e.g. mean, minimum and maximum; of rough values one */
export function encodeBlock(columns: readonly Float64Array[], precision: Precision): Buffer {
  if (precision === 'rough') return roughBlock(columns[0] ?? new Float64Array(0));
  const bytes = Buffer.concat(columns.map((column) => exactBytes(column)));
  return Buffer.concat([Buffer.of(EXACT, columns.length), deflateRawSync(bytes, { level: 9 })]);
}

/** @returns the columns, or none if the bytes are not a block of `count` values */
export function decodeBlock(data: Buffer, count: number): Float64Array[] {
  const [kind, columns] = data;
  if (kind === ROUGH || kind === ROUGH_DEFLATED) {
    const rest = data.subarray(1);
    const steps = kind === ROUGH ? readRice(rest, count) : inflatedSteps(rest, count);
    return steps === undefined ? [] : [roughValues(steps)];
  }
  if (kind !== EXACT || columns === undefined || columns === 0) return [];
  const bytes = inflated(data.subarray(2), count * 4 * columns);
  if (bytes === undefined) return [];
  return Array.from({ length: columns }, (_, i) =>
    exactValues(bytes.subarray(i * count * 4, (i + 1) * count * 4), count),
  );
}

function exactBytes(values: Float64Array): Buffer {
  const count = values.length;
  const floats = Buffer.from(Float32Array.from(values).buffer);
  const planes = Buffer.alloc(count * 4);
  for (let i = 0; i < count; i++) for (let b = 0; b < 4; b++) planes[b * count + i] = floats[i * 4 + b]!;
  return planes;
}

function exactValues(planes: Buffer, count: number): Float64Array {
  const floats = new Uint8Array(count * 4);
  for (let i = 0; i < count; i++) for (let b = 0; b < 4; b++) floats[i * 4 + b] = planes[b * count + i]!;
  return Float64Array.from(new Float32Array(floats.buffer));
}

/** @returns undefined unless the result has this length */
function inflated(data: Buffer, length: number): Buffer | undefined {
  try {
    const bytes = inflateRawSync(data, { maxOutputLength: length });
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function inflatedSteps(data: Buffer, count: number): Uint16Array | undefined {
  const bytes = inflated(data, count * 2);
  return bytes && Uint16Array.from({ length: count }, (_, i) => bytes.readUInt16LE(i * 2));
}

/** The Rice code suits noise, deflate suits values that seldom change; the shorter one is taken. */
function roughBlock(values: Float64Array): Buffer {
  const steps = new Uint16Array(values.length);
  let previous = 0;
  for (const [i, value] of values.entries()) {
    const code = codeOf(value);
    const delta = (code - previous) & 0xffff;
    // Small steps up and down become small numbers.
    steps[i] = delta < 0x8000 ? delta << 1 : ((0x10000 - delta) << 1) - 1;
    previous = code;
  }
  const rice = writeRice(steps);
  const deflated = deflateRawSync(Buffer.from(steps.buffer), { level: 9 });
  return rice.length <= deflated.length
    ? Buffer.concat([Buffer.of(ROUGH), rice])
    : Buffer.concat([Buffer.of(ROUGH_DEFLATED), deflated]);
}

function roughValues(steps: Uint16Array): Float64Array {
  let code = 0;
  return Float64Array.from(steps, (step) => {
    code = (code + (step & 1 ? -((step + 1) >> 1) : step >> 1)) & 0xffff;
    return numberOf(code);
  });
}

function codeOf(value: number): number {
  if (Number.isNaN(value)) return GAP;
  if (value <= 0) return ZERO;
  const code = FIRST_CODE + Math.round((Math.log2(value) - SMALLEST_EXPONENT) * STEPS_PER_DOUBLING);
  return Math.min(MAX_CODE, Math.max(FIRST_CODE, code));
}

function numberOf(code: number): number {
  if (code === GAP) return Number.NaN;
  if (code === ZERO) return 0;
  const value = 2 ** ((code - FIRST_CODE) / STEPS_PER_DOUBLING + SMALLEST_EXPONENT);
  const nearest = Math.round(value);
  const isInteger = nearest > 0 && nearest <= MAX_RESTORED_INTEGER && codeOf(nearest) === code;
  return isInteger ? nearest : Number(value.toPrecision(4));
}
