/**
 * One UDP socket: receives a batch of datagrams in one system call, has each answered, and sends the answers in another.
 * While the send buffer is full it receives nothing; the kernel's receive buffer is the queue.
 */
import { type IpAddress, parseIp } from '../../domain/ip-address.js';
import {
  type BoundAddress,
  type DatagramHandler,
  type DatagramListener,
  type LateAnswer,
  MAX_DATAGRAM_BYTES,
  RemoteAddress,
  type TransportCounters,
} from '../transport.js';
import { BATCH, DatagramBatch } from './datagram-batch.js';

import type { EventLoop, EventSource } from './event-loop.js';
import { LateDatagram } from './late-datagram.js';
import {
  EAGAIN,
  EBADF,
  EFAULT,
  EINTR,
  EINVAL,
  EMSGSIZE,
  ENOTSOCK,
  EPOLLIN,
  EPOLLOUT,
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_PMTUDISC_PROBE,
  IP_PMTUDISC_WANT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVPKTINFO,
  MMSG_LEN,
  MMSGHDR_BYTES,
  MSG_CONTROLLEN,
  MSG_DONTWAIT,
  MSG_FLAGS,
  MSG_TRUNC,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
} from './linux-abi.js';
import { type NativeCalls, systemCallDefect } from './native-calls.js';
import { NativeMemory } from './native-memory.js';
import { type OpenSocket, type SocketOption, setBufferSize, setOption } from './open-socket.js';
import { readSocketAddress } from './socket-address.js';

/** Holds announces for a tenth of a second at a few hundred thousand a second. */
const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Answers fit any path MTU, so they set "don't fragment": the kernel then does not generate an IP identification for each,
 * which takes a tenth of the time of a datagram. PROBE instead of DO, so that forged ICMP cannot reduce the path MTU.
 */
const WITHOUT_FRAGMENTS: SocketOption = [IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE];
const WITH_FRAGMENTS: SocketOption = [IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT];

/** Requests the local address of each datagram; only on wildcard sockets, because it costs time. */
function localAddressOption(family: 4 | 6): SocketOption {
  return family === 4 ? [IPPROTO_IP, IP_PKTINFO, 1] : [IPPROTO_IPV6, IPV6_RECVPKTINFO, 1];
}

export class UdpListener implements DatagramListener, EventSource {
  readonly address: BoundAddress;
  private readonly calls: NativeCalls;
  private readonly loop: EventLoop;
  private readonly sourceId: number;
  private readonly counters: TransportCounters;
  private readonly handler: DatagramHandler;
  private readonly fd: number;
  private readonly ownsSocket: boolean;
  /** Undefined: a wildcard. */
  private readonly boundTo: IpAddress | undefined;
  private readonly batch: DatagramBatch;
  private readonly late: LateDatagram;
  private readonly remote = new RemoteAddress();
  /** The datagram that the handler was called with. */
  private current = 0;
  private currentControlBytes = 0;
  private sendFrom = 0;
  private sendTo = 0;
  private fragments = false;
  private closed = false;

  constructor(
    calls: NativeCalls,
    loop: EventLoop,
    counters: TransportCounters,
    handler: DatagramHandler,
    socket: OpenSocket,
  ) {
    this.address = socket.bound;
    this.calls = calls;
    this.loop = loop;
    this.counters = counters;
    this.handler = handler;
    this.fd = socket.fd;
    this.ownsSocket = socket.owned;
    this.boundTo = socket.wildcard ? undefined : parseIp(socket.bound.host);
    this.batch = new DatagramBatch(calls, socket.family, socket.wildcard);
    this.late = new LateDatagram(calls);
    if (socket.wildcard) this.setOption(localAddressOption(socket.family));
    this.setOption(WITHOUT_FRAGMENTS);
    setBufferSize(calls, socket.fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    setBufferSize(calls, socket.fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER_BYTES);
    this.sourceId = loop.addSource(this);
    if (!loop.watch(socket.fd, EPOLLIN, this.sourceId, 0)) throw systemCallDefect('epoll_ctl', calls.errno());
  }

  onReady(): void {
    if (this.closed) return;
    if (this.sendFrom < this.sendTo) {
      if (!this.flush()) return;
      this.loop.rewatch(this.fd, EPOLLIN, this.sourceId, 0);
    }
    const received = this.receive();
    if (received === 0) return;
    this.counters.batches++;
    this.counters.datagramsReceived += received;
    this.answer(received);
    if (!this.flush()) this.loop.rewatch(this.fd, EPOLLOUT, this.sourceId, 0);
  }

  onTick(): void {}

  /** @returns how many datagrams arrived */
  private receive(): number {
    const { memory, inHeaders } = this.batch;
    const received = this.calls.recvmmsg(this.fd, memory.address + inHeaders, BATCH, MSG_DONTWAIT, 0);
    if (received >= 0) return received;
    const errno = this.calls.errno();
    if (errno === EAGAIN || errno === EINTR) return 0;
    if (isDefect(errno)) throw systemCallDefect('recvmmsg', errno);
    // The remaining errors are from the network (an ICMP message) or memory: the kernel reports each once.
    this.counters.receiveErrors++;
    return 0;
  }

  private answer(received: number): void {
    const batch = this.batch;
    const remote = this.remote;
    const handler = this.handler;
    const { words, bytes } = batch.memory;
    let out = 0;
    batch.startAnswers();
    for (let i = 0; i < received; i++) {
      const header = (batch.inHeaders + i * MMSGHDR_BYTES) >>> 2;
      const length = words[header + (MMSG_LEN >>> 2)]!;
      const truncated = (words[header + (MSG_FLAGS >>> 2)]! & MSG_TRUNC) !== 0;
      const controlBytes = words[header + (MSG_CONTROLLEN >>> 2)]!;
      batch.prepareToReceive(i);
      if (truncated || !readSocketAddress(batch.memory, batch.name(i), remote) || remote.port === 0) {
        this.counters.receiveErrors++;
        continue;
      }
      this.current = i;
      this.currentControlBytes = controlBytes;
      const answer = handler.onDatagram(bytes, batch.inBuffer(i), length, remote, bytes, batch.answerStart);
      if (answer === 0) continue;
      if (answer > MAX_DATAGRAM_BYTES) throw new RangeError(`an answer of ${answer} bytes is larger than its buffer`);
      batch.prepareToSend(out++, i, answer, controlBytes);
    }
    this.sendFrom = 0;
    this.sendTo = out;
  }

  /** Sends the pending answers. @returns false if the send buffer is full */
  private flush(): boolean {
    const { memory, outHeaders } = this.batch;
    while (this.sendFrom < this.sendTo) {
      const headers = memory.address + outHeaders + this.sendFrom * MMSGHDR_BYTES;
      const sent = this.calls.sendmmsg(this.fd, headers, this.sendTo - this.sendFrom, MSG_DONTWAIT);
      if (sent > 0) {
        this.sendFrom += sent;
        this.counters.datagramsSent += sent;
        continue;
      }
      const errno = this.calls.errno();
      if (errno === EAGAIN) return false;
      if (errno === EINTR) continue;
      if (errno === EMSGSIZE && !this.fragments) {
        // An interface with a small MTU: allow fragmentation.
        this.fragments = true;
        this.setOption(WITH_FRAGMENTS);
        continue;
      }
      if (errno === EBADF || errno === EFAULT || errno === ENOTSOCK) throw systemCallDefect('sendmmsg', errno);
      // This message cannot be sent (firewall, no route, no buffer). UDP may lose it; continue with the next.
      this.sendFrom++;
      this.counters.sendErrors++;
    }
    return true;
  }

  localAddress(): IpAddress | undefined {
    if (this.boundTo !== undefined) return this.boundTo;
    return this.currentControlBytes > 0 ? this.batch.localAddressOf(this.current) : undefined;
  }

  answerLater(): LateAnswer {
    const sender = this.batch.senderOf(this.current, this.currentControlBytes);
    return {
      send: (answer) => {
        if (this.closed) return;
        if (this.late.send(this.fd, sender, answer)) this.counters.datagramsSent++;
        else this.counters.sendErrors++;
      },
    };
  }

  private setOption(option: SocketOption): void {
    setOption(this.calls, new NativeMemory(this.calls, 64), this.fd, option);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.loop.removeSource(this.sourceId);
    if (this.ownsSocket) this.calls.close(this.fd);
    else this.loop.unwatch(this.fd);
  }
}

function isDefect(errno: number): boolean {
  return errno === EBADF || errno === EFAULT || errno === EINVAL || errno === ENOTSOCK;
}
