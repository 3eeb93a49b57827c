import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONNECTION_STATES,
  type ConnectionState,
  ConnectionTable,
  FREE,
  NONE,
} from '../../../../src/transport/linux/connection-table.js';
import { RemoteAddress } from '../../../../src/transport/transport.js';

const CAPACITY = 8;
const state = fc.constantFrom(...CONNECTION_STATES);
const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), state }),
  fc.record({ kind: fc.constant('enter' as const), pick: fc.nat(), state }),
  fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }),
);

describe('ConnectionTable', () => {
  it('keeps each state in the order of entering, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new ConnectionTable(CAPACITY);
        let model: { slot: number; state: ConnectionState; deadlineMs: number }[] = [];
        steps.forEach((one, deadlineMs) => {
          if (one.kind === 'add') {
            const slot = table.addConnection(deadlineMs, one.state, deadlineMs);
            expect(slot === NONE).toBe(model.length === CAPACITY);
            if (slot !== NONE) model.push({ slot, state: one.state, deadlineMs });
          } else if (model.length > 0) {
            const { slot } = model[one.pick % model.length]!;
            model = model.filter((entry) => entry.slot !== slot);
            if (one.kind === 'remove') table.removeConnection(slot);
            else {
              table.moveToState(slot, one.state, deadlineMs);
              model.push({ slot, state: one.state, deadlineMs });
            }
          }
          expect(table.open).toBe(model.length);
          for (const wanted of CONNECTION_STATES) {
            const first = model.find((entry) => entry.state === wanted);
            expect(table.oldest(wanted)).toBe(first?.slot ?? NONE);
            if (first !== undefined) expect(table.deadlineMs[first.slot]).toBe(first.deadlineMs);
          }
        });
        const free = [...table.state].filter((one) => one === FREE).length;
        expect(free).toBe(CAPACITY - model.length);
      }),
    );
  });

  it('remembers whose connection it is', () => {
    const table = new ConnectionTable(2);
    const slot = table.addConnection(7, CONNECTION_STATES[0], 0);
    const remote = Object.assign(new RemoteAddress(), {
      family: 6,
      word0: 0xfe80_0000,
      word3: 0xffff_ffff,
      port: 65_535,
    });
    table.saveRemote(slot, remote);
    const loaded = new RemoteAddress();
    table.loadRemote(slot, loaded);
    expect(loaded).toEqual(remote);
  });
});
