/** `token`: creates, lists and revokes tokens in the database. A running `serve` sees changes at once. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { sha256Hex } from '../../control-api/token-directory.js';
import { OperatorError } from '../../domain/errors.js';
import { databaseFile } from '../../store/database-file.js';
import { openDatabase } from '../../store/sqlite/database.js';
import { type StoredToken, TokensStore } from '../../store/sqlite/tokens-store.js';
import type { CliContext } from '../cli-context.js';
import { recordAction } from '../record-action.js';
import { formatTable } from '../table.js';

interface NewOptions {
  readonly config?: string;
  readonly probe?: string;
  readonly subdomains?: string;
  readonly control?: string;
  readonly viewer?: string;
  readonly upstream?: string;
  readonly json?: boolean;
}

interface ListOptions {
  readonly config?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** 256 bits: the stored hash cannot be inverted by guessing. */
const TOKEN_BYTES = 32;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function registerTokenCommand(program: Command, context: CliContext): void {
  const token = program.command('token').description('tokens for probes, operators and original trackers');
  const config = ['-c, --config <file>', 'the configuration, whose storage.directory holds the tokens'] as const;
  token
    .command('new')
    .description('create a token and print it once; only its hash is stored')
    .option('--probe <id>', 'for the detection point of this name')
    .option('--subdomains <ids>', 'with --probe: the sub-domains it reports on, separated by commas')
    .option('--control <name>', 'for an operator or a program')
    .option('--viewer <name>', 'for a person or a program that may read everything and change nothing')
    .option('--upstream <name>', 'for an original tracker that pushes peers')
    .option(...config)
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nTo rotate: make a new token, give it to the probe, then revoke the old one.')
    .action((options: NewOptions) => newToken(options, context));
  token
    .command('list')
    .description('list the tokens (except those in the configuration)')
    .option('--all', 'include revoked tokens')
    .option(...config)
    .option('--json', 'print as JSON')
    .action((options: ListOptions) => listTokens(options, context));
  token
    .command('revoke')
    .description('revoke a token')
    .argument('<id>', 'as shown by "token list"')
    .option(...config)
    .action((id: string, options: { config?: string }) => revokeToken(id, options, context));
}

function newToken(options: NewOptions, context: CliContext): void {
  const holder = holderOf(options);
  const config = context.loadConfig(options.config);
  const known = config.operator.subdomains;
  for (const id of holder.subdomains) {
    if (!('file' in known) && !known.some((subdomain) => subdomain.id === id)) {
      throw new OperatorError(`"${id}" is not a sub-domain of operator.subdomains`);
    }
  }
  const secret = randomBytes(TOKEN_BYTES).toString('base64url');
  const token: StoredToken = {
    tokenId: randomBytes(4).toString('hex'),
    ...holder,
    tokenSha256: sha256Hex(secret),
    createdMs: context.clock.nowMs(),
    revokedMs: null,
  };
  withTokens(options, context, (tokens) => tokens.add(token));
  const about = `${token.tokenId} of the ${token.kind} "${token.subject}"`;
  recordAction(config, context, { action: 'token-new', subject: about });
  if (options.json) {
    const { tokenId, kind, subject, subdomains } = token;
    context.stdout.write(`${JSON.stringify({ id: tokenId, kind, subject, subdomains, token: secret })}\n`);
    return;
  }
  context.stdout.write(`${secret}\n`);
  context.stderr.write(`token ${token.tokenId} of the ${token.kind} "${token.subject}"; it is not shown again\n`);
}

function holderOf(options: NewOptions): Pick<StoredToken, 'kind' | 'subject' | 'subdomains'> {
  const given = (['probe', 'control', 'viewer', 'upstream'] as const).filter((kind) => options[kind] !== undefined);
  const kind = given[0];
  if (kind === undefined || given.length > 1) {
    throw new OperatorError(
      'name the owner of the token: --probe ID --subdomains IDS, --control NAME, --viewer NAME or --upstream NAME',
    );
  }
  const subject = options[kind]!;
  if (!NAME.test(subject)) {
    throw new OperatorError(`"${subject}" is not a valid name: use letters, digits, "-", "_" and ".", at most 64`);
  }
  const subdomains = (options.subdomains ?? '').split(',').filter((id) => id !== '');
  if (kind === 'probe' && subdomains.length === 0) {
    throw new OperatorError('a probe reports on sub-domains: give --subdomains north,south');
  }
  if (kind !== 'probe' && subdomains.length > 0) throw new OperatorError('--subdomains goes with --probe');
  return { kind, subject, subdomains };
}

function listTokens(options: ListOptions, context: CliContext): void {
  const all = withTokens(options, context, (tokens) => tokens.list());
  const tokens = all.filter((token) => options.all || token.revokedMs === null);
  const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  if (options.json) {
    const rows = tokens.map(({ tokenId, kind, subject, subdomains, createdMs, revokedMs }) => {
      return { id: tokenId, kind, subject, subdomains, created: time(createdMs), revoked: time(revokedMs) };
    });
    context.stdout.write(`${JSON.stringify({ tokens: rows })}\n`);
    return;
  }
  const rows = tokens.map((token) => [
    token.tokenId,
    token.kind,
    token.subject,
    token.subdomains.join(','),
    time(token.createdMs)!,
    time(token.revokedMs) ?? '',
  ]);
  context.stdout.write(formatTable(['id', 'for', 'name', 'sub-domains', 'made', 'revoked'], rows));
}

function revokeToken(id: string, options: { config?: string }, context: CliContext): void {
  const revoked = withTokens(options, context, (tokens) => tokens.revoke(id, context.clock.nowMs()));
  if (!revoked) throw new OperatorError(`no valid token has the id "${id}"; see "token list"`, { code: 'not-found' });
  recordAction(context.loadConfig(options.config), context, { action: 'token-revoke', subject: id });
  context.stdout.write(`token ${id} is revoked\n`);
}

function withTokens<T>(options: { config?: string }, context: CliContext, work: (tokens: TokensStore) => T): T {
  const database = openDatabase(databaseFile(context.loadConfig(options.config)));
  try {
    return work(new TokensStore(database));
  } finally {
    database.close();
  }
}
