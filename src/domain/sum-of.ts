/** Adds up the numbers that several threads write, each into memory of its own. */

/** @param memories at least one; all of the same length, with 64-bit floats. @returns a copy */
export function sumOf(memories: readonly ArrayBufferLike[]): Float64Array {
  const [first = new ArrayBuffer(0), ...others] = memories;
  const sum = Float64Array.from(new Float64Array(first));
  for (const other of others) {
    const values = new Float64Array(other);
    for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
  }
  return sum;
}
