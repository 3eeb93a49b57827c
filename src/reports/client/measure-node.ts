/**
 * What this machine can serve (draft 4.3.2): CPU and memory utilisation, and what its uplink has left: the line's rate
 * less what is being sent now, measured on the interface. Utilisations are means since the last measurement.
 */
import { currentLoad, mem, networkInterfaceDefault, networkStats } from 'systeminformation';
import { OperatorError } from '../../domain/errors.js';

export interface NodeMeasurement {
  readonly cpuUtilisation: number;
  readonly memoryUtilisation: number;
  readonly availableUplinkBps: number;
}

export interface NodeMeter {
  /** Over the time since the call before; the first call says little of the CPU and the uplink. */
  measure(): Promise<NodeMeasurement>;
}

/**
 * @param uplinkBps what the line can send, bits per second
 * @param interfaceName whose traffic is counted; the one of the default route where left out
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
  throw new OperatorError(`there is no network interface "${name}"; give --interface`, { exitCode: 1 });
}

function clampShare(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, Number(value.toFixed(4)))) : 0;
}
