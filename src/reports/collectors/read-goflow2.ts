/**
 * goflow2's JSON, one flow a line (`goflow2 -format json`, also its predecessor's CamelCase names). sFlow and sampled
 * NetFlow count one packet in `sampling_rate`, so bytes are multiplied by it.
 */
import { broken, countOf, type LineReader, objectOfLine, samplingRateOf, textOf, timeOf } from './flow.js';

export const readGoflow2Line: LineReader = (line) => {
  const record = objectOfLine(line);
  if (record === undefined) return broken('not a JSON object');
  const field = (snake: string, camel: string): unknown => record[snake] ?? record[camel];
  const bytes = countOf(field('bytes', 'Bytes'));
  if (bytes === undefined) return broken('no "bytes"');
  const source = textOf(field('src_addr', 'SrcAddr'));
  const destination = textOf(field('dst_addr', 'DstAddr'));
  if (source === undefined && destination === undefined) return broken('neither "src_addr" nor "dst_addr"');
  const timeMs =
    timeOf(record.time_flow_end_ns) ??
    timeOf(field('time_flow_end', 'TimeFlowEnd')) ??
    timeOf(record.time_received_ns) ??
    timeOf(field('time_received', 'TimeReceived'));
  const rate = samplingRateOf(field('sampling_rate', 'SamplingRate'));
  return { kind: 'flow', flow: { timeMs, bytes: bytes * rate, source, destination } };
};
