/**
 * Estimates how many peers each address has in all swarms: a count-min sketch, which never counts too few and seldom too many.
 * Peers of an IPv6 /64 count together. Limits should be well above the mean number of peers of a counter.
 */

const ROW_BITS = 19;
const ROW_SIZE = 1 << ROW_BITS;

export class HostCounter {
  private readonly first = new Uint32Array(ROW_SIZE);
  private readonly second = new Uint32Array(ROW_SIZE);

  countOfHost(hostHash: number): number {
    const first = this.first[hostHash >>> (32 - ROW_BITS)]!;
    const second = this.second[secondOf(hostHash)]!;
    return Math.min(first, second);
  }

  addToHost(hostHash: number, by: 1 | -1): void {
    const first = hostHash >>> (32 - ROW_BITS);
    const second = secondOf(hostHash);
    this.first[first] = this.first[first]! + by;
    this.second[second] = this.second[second]! + by;
  }
}

function secondOf(hostHash: number): number {
  return Math.imul(hostHash, 0x9e3779b1) >>> (32 - ROW_BITS);
}
