/** `backup`, `restore` and `upgrade`: the data of an installation, while its tracker runs or not. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../../config/config-schema.js';
import { counted } from '../../domain/counted.js';
import { messageOf } from '../../domain/errors.js';
import { databaseFile } from '../../store/database-file.js';
import { topologyImportDirectory } from '../../topology/topology-source.js';
import type { CliContext } from '../cli-context.js';
import { type CommandAction, recordIfPossible } from '../record-action.js';
import { formatTable } from '../table.js';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

export function registerBackupCommands(program: Command, context: CliContext, version: string): void {
  const withCommon = (command: Command): Command =>
    command
      .option('-c, --config <file>', 'the configuration (else $ALIAS_TRACKER_CONFIG, else ./alias-tracker.yaml)')
      .option('--json', 'print as JSON');
  withCommon(program.command('backup').description('copy the data of the tracker, which may be running'))
    .option('-o, --output <path>', 'a new directory, or a file that ends with .tar (default: named by the time)')
    .addHelpText(
      'after',
      '\nIt has the database and imported files. It lacks swarms, certificates and the configuration.',
    )
    .action((options: Options & { output?: string }) => backup(options, context, version));
  withCommon(program.command('restore').description('put a backup in place; the tracker must not run'))
    .argument('<backup>', 'a directory or a .tar file')
    .option('--force', 'also where there is data, which is kept beside it')
    .action((path: string, options: Options & { force?: boolean }) => restore(path, options, context));
  withCommon(program.command('upgrade').description('bring the database to this version; the tracker must not run'))
    .option('--check', 'only show what would be done')
    .action((options: Options & { check?: boolean }) => upgrade(options, context));
}

async function backup(options: Options & { output?: string }, context: CliContext, version: string): Promise<void> {
  const config = context.loadConfig(options.config);
  const createdAt = new Date(context.clock.nowMs()).toISOString();
  const output = options.output ?? `alias-tracker-backup-${createdAt.replace(/[:.]/g, '')}.tar`;
  const { makeBackup } = await import('../../store/backup/make-backup.js');
  const onProgress = context.stderr.isTTY
    ? (percent: number): void => void context.stderr.write(`\rcopying the database: ${percent} %`)
    : undefined;
  const making = makeBackup({
    database: databaseFile(config),
    topologyDirectory: topologyImportDirectory(config),
    ...{ output, version, createdAt, onProgress },
  });
  const manifest = await making.catch((thrown) =>
    failed(config, context, { action: 'backup', subject: output }, thrown),
  );
  const bytes = manifest.files.reduce((sum, each) => sum + each.bytes, 0);
  const details = { files: manifest.files.length, bytes };
  recordIfPossible(config, context, { action: 'backup', subject: output, details });
  if (onProgress !== undefined) context.stderr.write('\n');
  if (options.json) context.stdout.write(`${JSON.stringify({ output, ...manifest })}\n`);
  else {
    const files = counted(manifest.files.length, 'file');
    context.stdout.write(`${output}: ${files}, ${(bytes / 1e6).toFixed(1)} MB, checked\n`);
  }
}

/** @throws what the command failed with */
function failed(config: Config, context: CliContext, action: CommandAction, thrown: unknown): never {
  // Without a database there is nothing to enter it into.
  if (existsSync(databaseFile(config))) {
    recordIfPossible(config, context, { ...action, result: 'failed', details: { error: messageOf(thrown) } });
  }
  throw thrown;
}

async function restore(path: string, options: Options & { force?: boolean }, context: CliContext): Promise<void> {
  const config = context.loadConfig(options.config);
  const { restoreBackup } = await import('../../store/backup/restore-backup.js');
  const restoring = restoreBackup({
    backup: path,
    storageDirectory: config.storage.directory,
    force: options.force === true,
    nowMs: context.clock.nowMs(),
  });
  const done = await restoring.catch((thrown) => failed(config, context, { action: 'restore', subject: path }, thrown));
  const { manifest, keptIn } = done;
  const details = { backup: path, keptIn: keptIn ?? null };
  recordIfPossible(config, context, { action: 'restore', subject: manifest.createdAt, details });
  if (options.json) context.stdout.write(`${JSON.stringify({ ...manifest, keptIn: keptIn ?? null })}\n`);
  else {
    context.stdout.write(`restored the backup of ${manifest.createdAt}\n`);
    if (keptIn !== undefined) context.stdout.write(`the data that was there is in ${keptIn}\n`);
  }
}

async function upgrade(options: Options & { check?: boolean }, context: CliContext): Promise<void> {
  const config: Config = context.loadConfig(options.config);
  const { upgradeDatabase } = await import('../../store/backup/upgrade-database.js');
  const done = upgradeDatabase({
    file: databaseFile(config),
    storageDirectory: config.storage.directory,
    checkOnly: options.check === true,
  });
  const { pending, copy } = done;
  if (options.json) {
    context.stdout.write(`${JSON.stringify({ pending, copy: copy ?? null, applied: options.check !== true })}\n`);
    return;
  }
  if (pending.length === 0) {
    context.stdout.write('the database has the schema of this version\n');
    return;
  }
  context.stdout.write(
    formatTable(
      ['MIGRATION', 'WHAT'],
      pending.map(({ name, about }) => [name, about]),
    ),
  );
  if (options.check) context.stdout.write('serve or alias-tracker upgrade runs them, after a copy of the database\n');
  else context.stdout.write(`done; the database as it was is ${copy}\n`);
}
