/**
 * Measures what this machine can serve (draft 4.3.2): CPU and memory utilisation, and the free uplink, which is the
 * line's rate minus the current traffic of the interface. Utilisations are averaged since the last measurement.
 */
import { currentLoad, mem, networkInterfaceDefault, networkStats } from 'systeminformation';
import { OperatorError } from '../../domain/errors.js';

export interface NodeMeasurement {
  readonly cpuUtilisation: number;
  readonly memoryUtilisation: number;
  readonly availableUplinkBps: number;
}

export interface NodeMeter {
  /** Covers the time since the previous call; the CPU and uplink of the first call are unreliable. */
  measure(): Promise<NodeMeasurement>;
}

/**
 * @param uplinkBps capacity of the line, bits per second
 * @param interfaceName the interface whose traffic is counted; by default that of the default route
 */
export function createNodeMeter(uplinkBps: number, interfaceName: string | undefined): NodeMeter {
  return {
    async measure() {
      const name = interfaceName ?? (await networkInterfaceDefault());
      const [load, memory, stats] = [await currentLoad(), await mem(), await networkStats(name)];
      const counted = stats.find((each) => each.iface === name);
      if (counted === undefined || (counted.operstate === 'unknown' && counted.rx_bytes + counted.tx_bytes === 0))
        return unknownInterface(name);
      const sentBps = Math.max(0, counted.tx_sec ?? 0) * 8;
      return {
        cpuUtilisation: clampShare(load.currentLoad / 100),
        memoryUtilisation: clampShare(1 - memory.available / memory.total),
        availableUplinkBps: Math.max(0, Math.round(uplinkBps - sentBps)),
      };
    },
  };
}

function unknownInterface(name: string): never {
  throw new OperatorError(`no network interface "${name}"; pass --interface`, { code: 'environment' });
}

function clampShare(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, Number(value.toFixed(4)))) : 0;
}
