/** `dns drill`: proves on the running tracker that names are forwarded while their target is dead, and how fast. */
import type { Command } from 'commander';
import { z } from 'zod';
import type { DrillOptions } from '../../dns-redirect/drill/drill.js';
import { REDIRECT_TARGETS, type RedirectTarget } from '../../dns-redirect/redirect-policy.js';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { formatIp, parseIp } from '../../domain/ip-address.js';
import { type Endpoint, formatEndpoint, parseEndpoint, reachableHost } from '../../net/endpoint.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { formatTable } from '../table.js';
import { wholeNumberOption } from '../whole-number.js';

interface DrillCommandOptions extends ConnectionOptions {
  readonly target?: string;
  readonly name?: string;
  readonly server?: readonly string[];
  readonly from?: string;
  readonly within: string;
  readonly wait: string;
  readonly byHand?: boolean;
  readonly json?: boolean;
}

const DNS_PORT = 53;
/** The tracker ends the drill then, if this command cannot. */
const MARGIN_SECONDS = 10;

const redirections = z.object({
  redirections: z.array(
    z.object({
      name: z.string(),
      target: z.enum(REDIRECT_TARGETS),
      active: z.boolean(),
      problem: z.string().nullable(),
      addresses: z.array(z.string()),
      health: z.array(z.object({ checks: z.array(z.object({ url: z.string(), up: z.boolean().nullable() })) })),
    }),
  ),
});

type NameOfTracker = z.output<typeof redirections>['redirections'][number];

export function registerDnsDrillCommand(dns: Command, context: CliContext): void {
  const command = dns
    .command('drill')
    .description('treat the mirror site or the tracker as dead, and watch DNS servers forward its names')
    .option('--target <target>', 'mirror or tracker (else the one that has names)')
    .option('--name <name>', 'the redirected name to ask for (else the first one of the target)')
    .option('--server <address...>', 'DNS servers to watch, with port (else those of dnsRedirect.listen)')
    .option('--from <address>', 'the address to ask from, if only some clients are redirected')
    .option('--within <seconds>', 'fail if a server still redirects after this time', '5')
    .option('--wait <seconds>', 'how long to watch for the withdrawal, and for the return', '60')
    .option(
      '--by-hand',
      'simulate nothing: wait until you have stopped the target yourself, then until you have started it',
    )
    .option('--json', 'print the result as JSON');
  addConnectionOptions(command)
    .addHelpText(
      'after',
      '\nUsers lose nothing: the names lead to their originals during the drill. Ctrl-C ends it; otherwise the tracker ends it after its time.\nExit code 1: a server took too long, or did not come back.',
    )
    .action((options: DrillCommandOptions) => drill(options, context));
}

async function drill(options: DrillCommandOptions, context: CliContext): Promise<void> {
  const withinMs = 1_000 * wholeNumberOption('--within', options.within, 1, 240);
  const waitMs = 1_000 * wholeNumberOption('--wait', options.wait, 1, 240);
  const from = options.from === undefined ? undefined : formatIp(parseIp(options.from));
  const servers = serversOf(options, context);
  const client = connect(options, context, (config) => config.control?.token);
  const answer = redirections.parse(await client.get('/api/v1/redirections'));
  const chosen = chosenName(answer.redirections, options);
  const { name, target, addresses } = chosen;
  const means = options.byHand ? await byHand(chosen, waitMs, context) : pretended(client, target, waitMs, context);
  // Imported here, so that the other commands start fast.
  const { runDrill } = await import('../../dns-redirect/drill/drill.js');
  const results = await runDrill({
    servers,
    from,
    name: { name, addresses },
    withdrawMs: waitMs,
    returnMs: waitMs,
    nowMs: () => performance.now(),
    signal: context.signal,
    ...means,
  });
  const rows = results.map((result) => {
    const { problem, withdrawnMs, returnedMs } = result;
    const failed =
      problem !== undefined || withdrawnMs === undefined || withdrawnMs > withinMs || returnedMs === undefined;
    return { ...result, verdict: failed ? ('failed' as const) : ('ok' as const) };
  });
  print({ name, target, rows, waitMs }, options, context);
  if (rows.every(({ verdict }) => verdict === 'ok')) return;
  const message = `not every server forwarded ${name} within ${withinMs / 1_000} s and came back; look at their caches (TTL) and at how they get the redirections`;
  throw new OperatorError(message, { code: 'failed' });
}

type DrillMeans = Pick<DrillOptions, 'begin' | 'end'>;

/** The health checks of the tracker treat the target as dead. Nothing is stopped. */
function pretended(
  client: ReturnType<typeof connect>,
  target: RedirectTarget,
  waitMs: number,
  context: CliContext,
): DrillMeans {
  const say = async (seconds: number): Promise<undefined> => {
    await client.post('/api/v1/redirections/drill', { target, seconds });
  };
  return {
    begin: () => say(waitMs / 1_000 + MARGIN_SECONDS),
    end: () =>
      say(0).catch((thrown: unknown) => {
        context.stderr.write(`alias-tracker: ${messageOf(thrown)}; the tracker ends the drill by itself\n`);
      }),
  };
}

/** The operator stops and starts the target. This command connects to it as the health checks do. */
async function byHand(
  { name, target, health }: NameOfTracker,
  waitMs: number,
  context: CliContext,
): Promise<DrillMeans> {
  const { whenTarget } = await import('../../dns-redirect/drill/watch-target.js');
  const { checkOfUrl } = await import('../../dns-redirect/health/health-plan.js');
  const urls = new Set(health.flatMap(({ checks }) => checks.filter(({ up }) => up === true).map(({ url }) => url)));
  if (urls.size === 0) {
    throw new OperatorError('dnsRedirect.healthChecks is false, so nothing would notice that the target is dead');
  }
  const checks = [...urls].map((url) => checkOfUrl(target, url));
  const when = { checks, patienceMs: waitMs, nowMs: () => performance.now(), signal: context.signal };
  const say = (text: string): void => void context.stderr.write(`alias-tracker: ${text} (${[...urls].join(', ')})\n`);
  return {
    begin: async () => {
      say(`stop the target of ${name} now, or cut it off`);
      const diedMs = await whenTarget('dead', when);
      if (diedMs !== undefined) return diedMs;
      throw new OperatorError(`the target still works after ${waitMs / 1_000} s; nothing was proven`, {
        code: 'failed',
      });
    },
    end: async (isDead) => {
      if (!isDead || context.signal.aborted) return;
      say('start the target again');
      await whenTarget('working', when);
    },
  };
}

interface Shown {
  readonly name: string;
  readonly target: RedirectTarget;
  readonly waitMs: number;
  readonly rows: readonly {
    readonly server: Endpoint;
    readonly problem?: string;
    readonly withdrawnMs?: number | undefined;
    readonly returnedMs?: number | undefined;
    readonly verdict: 'ok' | 'failed';
  }[];
}

function print({ name, target, rows, waitMs }: Shown, { json }: DrillCommandOptions, context: CliContext): void {
  const seconds = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms / 100) / 10);
  if (json) {
    const servers = rows.map(({ server, problem, withdrawnMs, returnedMs, verdict }) => ({
      server: formatEndpoint(server),
      verdict,
      problem: problem ?? null,
      withdrawnSeconds: seconds(withdrawnMs),
      returnedSeconds: seconds(returnedMs),
    }));
    context.stdout.write(`${JSON.stringify({ name, target, servers })}\n`);
    return;
  }
  const shown = (ms: number | undefined): string =>
    ms === undefined ? `not in ${waitMs / 1_000} s` : `${seconds(ms)} s`;
  const cells = rows.map(({ server, problem, withdrawnMs, returnedMs, verdict }) => [
    formatEndpoint(server),
    problem ?? shown(withdrawnMs),
    problem === undefined ? shown(returnedMs) : '-',
    verdict,
  ]);
  context.stdout.write(`${name} leads to the ${target === 'mirror' ? 'mirror site' : 'tracker'}\n\n`);
  context.stdout.write(formatTable(['SERVER', 'FORWARDED AFTER', 'BACK AFTER', 'VERDICT'], cells));
}

function serversOf(options: DrillCommandOptions, context: CliContext): Endpoint[] {
  if (options.server !== undefined) {
    return options.server.map((text) => {
      const server = parseEndpoint(text, DNS_PORT);
      if (server === undefined) throw new OperatorError(`--server is an address such as 192.0.2.53:53, not "${text}"`);
      return server;
    });
  }
  const { dnsRedirect } = context.loadConfig(options.config);
  const own = (dnsRedirect?.listen ?? []).filter(({ port }) => port !== 0);
  if (own.length === 0) {
    throw new OperatorError('the configuration has no DNS server of its own; name your resolvers with --server');
  }
  return own.map(({ host, port }) => ({ host: reachableHost(host), port }));
}

function chosenName(all: readonly NameOfTracker[], { name, target }: DrillCommandOptions): NameOfTracker {
  const wanted = REDIRECT_TARGETS.find((each) => each === target);
  if (target !== undefined && wanted === undefined) {
    throw new OperatorError(`--target is ${REDIRECT_TARGETS.join(' or ')}, not "${target}"`);
  }
  const candidates = all
    .filter((each) => wanted === undefined || each.target === wanted)
    .filter((each) => name === undefined || each.name === name.toLowerCase());
  const chosen = candidates.find(({ active }) => active);
  if (chosen !== undefined) return chosen;
  const [dead] = candidates;
  throw new OperatorError(
    dead === undefined
      ? 'no such name is redirected; see: alias-tracker dns check'
      : `${dead.name} is not redirected now (${dead.problem ?? 'its target does not work'}); see: alias-tracker dns check`,
    { code: 'failed' },
  );
}
