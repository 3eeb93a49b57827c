/** System calls that only the load generator makes, next to those of the Linux transport. */
import koffi from 'koffi';

export interface ClientCalls {
  connect(fd: number, address: number, addressBytes: number): number;
  usleep(microseconds: number): number;
}

export function openClientCalls(): ClientCalls {
  const libc = koffi.load(null);
  return {
    connect: libc.func('connect', 'int', ['int', 'uintptr_t', 'int']),
    usleep: libc.func('usleep', 'int', ['uint']),
  };
}
