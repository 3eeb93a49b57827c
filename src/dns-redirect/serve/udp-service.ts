/** Queries over UDP on one listener of the transport. */
import {
  type DatagramHandler,
  type DatagramListener,
  type LateAnswer,
  type ListenAddress,
  MAX_DATAGRAM_BYTES,
  type RemoteAddress,
  type Transport,
} from '../../transport/transport.js';
import { LATER, type Responder, type Via } from './responder.js';

export class UdpService implements DatagramHandler, Via {
  readonly overTcp = false;
  readonly #responder: Responder;
  #listener: DatagramListener | undefined;

  constructor(responder: Responder) {
    this.#responder = responder;
  }

  /** @throws OperatorError if the address cannot be bound */
  async listen(transport: Transport, address: ListenAddress): Promise<DatagramListener> {
    this.#listener = await transport.listenUdp(address, this);
    return this.#listener;
  }

  onDatagram(
    input: Uint8Array,
    start: number,
    length: number,
    remote: RemoteAddress,
    output: Uint8Array,
    outputStart: number,
  ): number {
    if (length > MAX_DATAGRAM_BYTES) return 0;
    const answer = this.#responder.respond(input, start, length, remote, this, output, outputStart);
    return answer === LATER ? 0 : answer;
  }

  later(): LateAnswer {
    if (this.#listener === undefined) throw new Error('a datagram came before its listener');
    return this.#listener.answerLater();
  }
}
