/** `dns status`: which names the running tracker redirects, how often it was asked for them, and which clients it limits. */
import type { Command } from 'commander';
import { z } from 'zod';
import { ControlCallError } from '../../control-api/control-client.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { formatTable } from '../table.js';

interface StatusOptions extends ConnectionOptions {
  readonly json?: boolean;
}

const redirections = z.object({
  mode: z.string(),
  off: z.object({ text: z.string(), until: z.string().nullable() }).nullable(),
  redirections: z.array(
    z.object({ name: z.string(), target: z.string(), active: z.boolean(), problem: z.string().nullable() }),
  ),
});
const queries = z.object({
  names: z.array(z.object({ name: z.string(), redirected: z.int(), wouldRedirect: z.int(), withheld: z.int() })),
  limitedPrefixes: z.array(z.object({ prefix: z.string(), proven: z.boolean(), questions: z.int() })),
});
type Queries = z.output<typeof queries>;

export function registerDnsStatusCommand(dns: Command, context: CliContext): void {
  const command = dns
    .command('status')
    .description('show which names are redirected now, how often users asked for them, and who asks too often')
    .option('--json', 'print it as JSON');
  addConnectionOptions(command)
    .addHelpText(
      'after',
      '\nQUESTIONS are those to the own DNS server since it started. With mode: shadow, WOULD REDIRECT says what a name would do.',
    )
    .action((options: StatusOptions) => status(options, context));
}

async function status(options: StatusOptions, context: CliContext): Promise<void> {
  const client = connect(options, context, (config) => config.control?.token);
  const { mode, off, redirections: names } = redirections.parse(await client.get('/api/v1/redirections'));
  const asked = await queriesOf(client);
  if (options.json) {
    context.stdout.write(`${JSON.stringify({ mode, off, redirections: names, queries: asked ?? null })}\n`);
    return;
  }
  if (off !== null) context.stdout.write(`nothing is redirected: ${off.text}\n\n`);
  const byName = new Map((asked?.names ?? []).map((each) => [each.name, each]));
  const rows = names.map(({ name, target, active, problem }) => {
    const { redirected = '-', wouldRedirect = '-', withheld = '-' } = byName.get(name) ?? {};
    const now = !active ? 'withheld' : mode === 'shadow' ? 'would be redirected' : 'redirected';
    return [name, target, now, String(redirected), String(wouldRedirect), String(withheld), problem ?? ''];
  });
  const head = ['NAME', 'LEADS TO', 'NOW', 'REDIRECTED', 'WOULD REDIRECT', 'WITHHELD', 'PROBLEM'];
  context.stdout.write(formatTable(head, rows));
  if (asked === undefined || asked.limitedPrefixes.length === 0) return;
  const limited = asked.limitedPrefixes.map(({ prefix, proven, questions }) => [
    prefix,
    proven ? 'proven' : 'may be forged',
    String(questions),
  ]);
  context.stdout.write(`\n${formatTable(['OVER THEIR RATE', 'ADDRESS', 'QUESTIONS'], limited)}`);
}

/** @returns undefined if the tracker has no DNS server of its own */
async function queriesOf(client: ReturnType<typeof connect>): Promise<Queries | undefined> {
  try {
    return queries.parse(await client.get('/api/v1/redirections/queries'));
  } catch (thrown) {
    if (thrown instanceof ControlCallError && thrown.status === 404) return undefined;
    throw thrown;
  }
}
