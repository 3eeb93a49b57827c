import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/domain/clock.js';
import { HUGE_PAGE_BYTES } from '../../../src/transport/linux/linux-abi.js';
import { linuxTransportOver } from '../../../src/transport/linux/linux-transport.js';
import { openNativeCalls } from '../../../src/transport/linux/native-calls.js';
import { createPortableTransport } from '../../../src/transport/portable/portable-transport.js';

/** The flags that the kernel keeps of the mapping that holds an address (proc(5), smaps). */
function mappingFlags(address: number): string[] {
  let inside = false;
  for (const line of readFileSync('/proc/self/smaps', 'latin1').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range !== null) inside = Number.parseInt(range[1]!, 16) <= address && address < Number.parseInt(range[2]!, 16);
    else if (inside && line.startsWith('VmFlags:')) return line.slice(8).trim().split(' ');
  }
  return [];
}

describe('memory that is read at random', () => {
  it.runIf(process.platform === 'linux')('is asked to lie in huge pages on Linux, whole pages of it', async () => {
    const calls = await openNativeCalls();
    const transport = linuxTransportOver(calls, systemClock);
    const memory = new ArrayBuffer(16 * HUGE_PAGE_BYTES);
    const middle = calls.addressOf(memory) + 8 * HUGE_PAGE_BYTES;
    expect(mappingFlags(middle)).not.toContain('hg');
    transport.preferHugePages(memory);
    // A kernel built without them does not know the request.
    const known = readFileSync('/proc/self/status', 'latin1').includes('THP_enabled');
    expect(mappingFlags(middle).includes('hg')).toBe(known);
    transport.preferHugePages(new ArrayBuffer(100));
    transport.stop();
  });

  it('is left as it is by the portable transport', () => {
    const transport = createPortableTransport();
    transport.preferHugePages(new ArrayBuffer(100));
    transport.stop();
  });
});
