/**
 * One UDP listener on node:dgram. Answers are written into pooled buffers, because the send may complete after the call.
 * When too many sends are pending, a datagram goes unanswered, as UDP allows.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { parseIp } from '../../domain/ip-address.js';
import { fillRemoteAddress } from '../fill-remote-address.js';
import {
  type DatagramHandler,
  type DatagramListener,
  type LateAnswer,
  type ListenAddress,
  MAX_DATAGRAM_BYTES,
  RemoteAddress,
  type TransportCounters,
} from '../transport.js';
import { type BindAttempt, bindEitherFamily } from './bind-either-family.js';
import { literalAddress } from './literal-address.js';

/** Pending answers; at most 4 MiB. */
const MAX_WAITING_ANSWERS = 2_048;
/** Holds a burst of a few thousand announces; the kernel's default holds about 250. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** @throws OperatorError if the address cannot be bound */
export async function listenDatagrams(
  address: ListenAddress,
  handler: DatagramHandler,
  counters: TransportCounters,
  onBatch: () => void,
): Promise<DatagramListener> {
  const socket = await bindEitherFamily(address, (attempt) => bind(attempt, address.port));
  const remote = new RemoteAddress();
  const free: Buffer[] = [];
  let waiting = 0;
  let sender: RemoteInfo | undefined;
  let open = true;
  const countSent = (error: Error | null): void => {
    if (error) counters.sendErrors++;
    else counters.datagramsSent++;
  };
  const answerLater = (): LateAnswer => {
    const to = sender;
    return {
      send(answer) {
        // A copy: the caller may use its buffer again before the datagram is sent.
        if (open && to !== undefined) socket.send(Buffer.from(answer), to.port, to.address, countSent);
      },
    };
  };

  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    counters.datagramsReceived++;
    onBatch();
    if (waiting >= MAX_WAITING_ANSWERS) {
      counters.sendErrors++;
      return;
    }
    const output = free.pop() ?? Buffer.alloc(MAX_DATAGRAM_BYTES);
    fillRemoteAddress(remote, from.address, from.port);
    sender = from;
    const length = handler.onDatagram(message, 0, message.length, remote, output, 0);
    if (length === 0) {
      free.push(output);
      return;
    }
    waiting++;
    socket.send(output, 0, length, from.port, from.address, (error) => {
      waiting--;
      free.push(output);
      countSent(error);
    });
  });
  // An ICMP error for an earlier answer; the socket still works.
  socket.on('error', () => {
    counters.receiveErrors++;
  });

  const bound = parseIp(address.host);
  return {
    answerLater,
    localAddress: () => (bound.words.some((word) => word !== 0) ? bound : undefined),
    address: { protocol: 'udp', host: address.host, port: socket.address().port },
    close: () => {
      if (open) socket.close();
      open = false;
    },
  };
}

function bind({ host, ipv6Only }: BindAttempt, port: number): Promise<Socket> {
  const socket = createSocket({
    ...(host.includes(':') ? { type: 'udp6', ipv6Only } : { type: 'udp4' }),
    lookup: literalAddress as never,
  });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', fail);
      try {
        socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      } catch {
        // The system's limit is lower; keep its default.
      }
      resolve(socket);
    });
  });
}
