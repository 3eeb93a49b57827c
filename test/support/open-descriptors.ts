/** The descriptors that this process has open (Linux), to find out what a close forgets. */
import { readdirSync, readlinkSync } from 'node:fs';

/** @returns what each leads to, without those that Node.js opens at times of its own */
export function openDescriptors(): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return `${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`;
      } catch {
        return '';
      }
    })
    .filter((one) => /socket:|eventfd|eventpoll/.test(one))
    .sort();
}
