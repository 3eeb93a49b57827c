/** Enlarges a flat array. */

export function enlarged<T extends Float64Array | Int32Array | Uint32Array>(array: T, atLeast: number): T {
  const larger = new (array.constructor as new (length: number) => T)(Math.max(atLeast, 2 * array.length));
  larger.set(array);
  return larger;
}
