/**
 * pmacct's print plugin with `print_output: json`, one aggregate a line. Its fields depend on `aggregate`; `src_host`
 * or `dst_host` or both are required. `sampling_rate` is present only if pmacct did not multiply already. With
 * `timestamps_since_epoch: true` or `timestamps_utc: true` its times are unambiguous.
 */
import { broken, countOf, type LineReader, objectOfLine, SKIP, samplingRateOf, textOf, timeOf } from './flow.js';

export const readPmacctLine: LineReader = (line) => {
  const record = objectOfLine(line);
  if (record === undefined) return broken('not a JSON object');
  // Marks around each purge, and events of other daemons, have no traffic.
  if (record.event_type !== undefined && record.event_type !== 'purge') return SKIP;
  const bytes = countOf(record.bytes);
  if (bytes === undefined) return broken('no "bytes"');
  const source = textOf(record.ip_src);
  const destination = textOf(record.ip_dst);
  if (source === undefined && destination === undefined) {
    return broken('neither "ip_src" nor "ip_dst": add src_host, dst_host to pmacct\'s "aggregate"');
  }
  const timeMs = timeOf(record.stamp_inserted) ?? timeOf(record.timestamp_start) ?? timeOf(record.timestamp_arrival);
  return { kind: 'flow', flow: { timeMs, bytes: bytes * samplingRateOf(record.sampling_rate), source, destination } };
};
