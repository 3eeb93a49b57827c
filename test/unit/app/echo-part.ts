/** A part as small as one can be: it answers every request with a word. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { listenUrl } from '../../../src/config-kit/address-schemas.js';
import type { DeepReadonly } from '../../../src/config-kit/config-part.js';
import { section, text } from '../../../src/config-kit/field-schemas.js';
import { single } from '../../../src/control-api/metric-families.js';
import { route, switchedOn } from '../../../src/control-api/route.js';
import { alarm } from '../../../src/domain/alarm.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../../src/domain/info-hash.js';
import { formatEndpoint } from '../../../src/net/endpoint.js';
import type { Part, PartContext, RunningPart } from '../../../src/part/part.js';

const schema = section({
  listen: listenUrl('http').prefault('http://127.0.0.1:7007'),
  word: text.prefault('hello'),
}).optional();

interface EchoConfig {
  readonly echo?: NonNullable<DeepReadonly<z.output<typeof schema>>> | undefined;
  readonly operator: { readonly name: string };
}

interface EchoNeeds extends Pick<PartContext, 'onListenerError' | 'isIpv6Only'> {
  /** Of the tracker. */
  readonly swarm: (infoHash: InfoHash) => Promise<unknown>;
}

interface RunningEcho extends RunningPart<EchoConfig> {
  readonly answers: number;
  /** Calls `work` as a callback of this part. */
  readonly inside: (work: () => void) => void;
}

/** The starts of the part, the last one at the end. */
export const starts: RunningEcho[] = [];
const HASH = parseInfoHash('ab'.repeat(20));

async function startEcho({ echo, operator }: EchoConfig, needs: EchoNeeds, port?: number): Promise<RunningEcho> {
  const { listen } = echo!;
  let word = `${echo!.word} from ${operator.name}`;
  let answers = 0;
  const server = createServer(async (_, response) => {
    answers++;
    response.end(`${word}, swarm ${JSON.stringify(await needs.swarm(HASH))}`);
  });
  server.on('error', needs.onListenerError);
  const ipv6Only = needs.isIpv6Only(listen, 'tcp');
  await new Promise<void>((done) => server.listen({ host: listen.host, port: port ?? listen.port, ipv6Only }, done));
  const bound = { host: listen.host, port: (server.address() as AddressInfo).port };
  const running: RunningEcho = {
    listeners: [{ ...bound, url: `http://${formatEndpoint(bound)}`, about: 'a word', connectCheck: true }],
    get answers() {
      return answers;
    },
    inside: AsyncLocalStorage.snapshot(),
    alarms: () => (word.startsWith('alarm') ? [alarm('part-restarted', { text: 'echo: it says alarm' })] : []),
    prepare: (next) => {
      const nextWord = next.echo?.word ?? '';
      if (nextWord === 'refused') throw new OperatorError('echo.word: this word is refused; choose another one');
      return () => {
        word = `${nextWord} from ${next.operator.name}`;
      };
    },
    stop: () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
  };
  starts.push(running);
  return running;
}

export const echoPart: Part<'echo', typeof schema, EchoConfig, EchoNeeds, RunningEcho> = {
  key: 'echo',
  name: 'echo',
  label: 'echo',
  schema,
  live: ['word'],
  checks: [({ echo }, report) => void (echo?.word === 'wrong' && report(['echo', 'word'], 'is wrong'))],
  advice: [({ echo }) => (echo?.word === 'odd' ? ['echo.word: odd'] : [])],
  examine: async ({ echo }) => (echo?.word === 'unsaid' ? [{ path: ['echo', 'word'], message: 'cannot be said' }] : []),
  sockets: ({ echo }) => (echo ? [{ ...echo.listen, path: ['echo', 'listen'], protocol: 'tcp' }] : []),
  text: `echo:                                   # answers with a word
  listen: "http://127.0.0.1:7007"
  word: hello
`,
  start: (config, needs, previous) => startEcho(config, needs, previous?.listeners[0]?.port),
  routes: async (running) => [
    route({
      method: 'get',
      path: '/api/v1/echo',
      summary: 'What it answered',
      access: 'operator',
      answers: [{ status: 200, description: 'A number.', schema: z.strictObject({ answers: z.int() }) }],
      handle: () => ({ json: { answers: switchedOn(running(), 'the echo').answers } }),
    }),
  ],
  metrics: async (running) => [single('counter', 'echo_answers_total', 'Answers', () => running().answers)],
};
