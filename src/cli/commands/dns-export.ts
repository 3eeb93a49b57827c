/** `dns export`: writes the redirections as files for the operator's own resolver, once or whenever they change. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Command, Option } from 'commander';
import type { Config } from '../../config/config-schema.js';
import { ControlCallError } from '../../control-api/control-client.js';
import {
  type ActiveName,
  type ActiveRedirections,
  activeRedirections,
} from '../../dns-redirect/active-redirections.js';
import { ACTIVE_PATH, parseActive } from '../../dns-redirect/api/active-routes.js';
import { deniesAll } from '../../dns-redirect/bittorrent-text.js';
import type { Exported, ExportedFile } from '../../dns-redirect/exports/export-format.js';
import { EXPORT_FORMATS, type ExportFormatName } from '../../dns-redirect/exports/formats.js';
import {
  type ExportOrigin,
  filesOf,
  fileText,
  pathOfPart,
  writeExport,
} from '../../dns-redirect/exports/write-export.js';
import { COPY_EVERY_MS } from '../../dns-redirect/rpz/limits.js';
import { OriginalRecords } from '../../dns-redirect/rpz/original-records.js';
import { TYPE_TXT } from '../../dns-redirect/wire/dns-codes.js';
import { textOf } from '../../dns-redirect/wire/rdata-values.js';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';

interface ExportOptions extends ConnectionOptions {
  readonly format: ExportFormatName;
  readonly out?: string;
  readonly watch?: boolean;
  /** True: the usual commands of the resolver. */
  readonly reload?: string | true;
}

const WATCH_EVERY_MS = 1_000;
/** A tracker that is restarted answers again within this. Later, its users would be sent to nobody. */
const WITHDRAW_AFTER_MS = 10_000;
const RELOAD_TIMEOUT_MS = 30_000;
const DEFAULT_ZONES = { zone: 'rpz.alias-tracker', exemptZone: 'rpz-exempt.alias-tracker' };

const HELP = `
Without -o, the files are printed. With -o FILE, the main file is FILE, and others are beside it; each begins with how to
include it. Every file is written whole and then renamed.

--watch writes again when a name, a client or the health of a target changes in the running tracker. While the tracker does
not answer for 10 s, nothing is redirected.

The formats: rpz (zone files), bind, unbound, dnsmasq, knot (Knot Resolver), powerdns (PowerDNS Recursor). BIND, Unbound and
PowerDNS Recursor can also transfer the zones themselves: see docs/dns.md.`;

export function registerDnsExportCommand(dns: Command, context: CliContext, version: string): void {
  const command = dns
    .command('export')
    .description('write the redirections as files for your own resolver')
    .addOption(new Option('--format <name>', 'the resolver').choices(Object.keys(EXPORT_FORMATS)).makeOptionMandatory())
    .option('-o, --out <file>', 'the main file; others are written beside it')
    .option('--watch', 'go on, and write again whenever something changes')
    .option('--reload [command]', 'run the command that puts the files in force (else it is printed)');
  addConnectionOptions(command)
    .addHelpText('after', HELP)
    .action((options: ExportOptions) => new DnsExport(options, context, version).run());
}

class DnsExport {
  readonly #options: ExportOptions;
  readonly #context: CliContext;
  readonly #version: string;
  readonly #config: Config;
  readonly #redirect: NonNullable<Config['dnsRedirect']>;
  readonly #originals: OriginalRecords;
  readonly #told = new Set<string>();
  #copiedAtMs = Number.NEGATIVE_INFINITY;
  /** Of the files that no reload has put in force yet. */
  #pending = new Set<string>();
  #answeredAtMs: number;
  #failure = '';

  constructor(options: ExportOptions, context: CliContext, version: string) {
    if (options.out === undefined && (options.watch || options.reload !== undefined)) {
      throw new OperatorError('--watch and --reload need -o FILE, where the resolver reads the files');
    }
    this.#options = options;
    this.#context = context;
    this.#version = version;
    this.#config = context.loadConfig(options.config);
    const { dnsRedirect, upstream } = this.#config;
    if (dnsRedirect === undefined) {
      throw new OperatorError('the configuration has no "dnsRedirect" section, so there is nothing to export; add one');
    }
    const resolvers = upstream.resolvers.length > 0 ? upstream.resolvers : dnsRedirect.upstreamResolvers;
    if (resolvers.length === 0) {
      throw new OperatorError(
        'upstream.resolvers is missing: MX, TXT and CAA records of the originals are looked up there and exported, or their mail would be lost',
      );
    }
    this.#redirect = dnsRedirect;
    this.#originals = new OriginalRecords(resolvers);
    this.#answeredAtMs = context.clock.nowMs();
  }

  async run(): Promise<void> {
    if (!this.#options.watch) return this.#export(await this.#activeOnce());
    while (!this.#context.signal.aborted) {
      try {
        const active = await this.#activeInWatch();
        if (active !== undefined) await this.#export(active);
      } catch (thrown) {
        // A resolver that is restarted, a full disk: tried again until it works.
        this.#tellFailure(messageOf(thrown));
      }
      await sleep(WATCH_EVERY_MS, undefined, { signal: this.#context.signal }).catch(() => {});
    }
  }

  /** From the running tracker, or from the configuration alone where none runs. */
  async #activeOnce(): Promise<{ active: ActiveRedirections; source: string }> {
    const { url } = this.#options;
    const isNamed = (url ?? this.#context.env.ALIAS_TRACKER_URL) !== undefined;
    if (!isNamed && this.#config.control === undefined) return this.#fromConfig();
    try {
      return { active: await this.#ask(), source: 'the names that the tracker redirects now' };
    } catch (thrown) {
      if (isNamed || !(thrown instanceof ControlCallError && thrown.status === undefined)) throw thrown;
      this.#tellOnce('the tracker does not run, so the export has every name of the configuration');
      return this.#fromConfig();
    }
  }

  #fromConfig(): { active: ActiveRedirections; source: string } {
    const nowMs = this.#context.clock.nowMs();
    const { listen } = this.#config.tracker;
    const active = activeRedirections(this.#redirect, { isHealthy: () => true }, nowMs, listen);
    return { active, source: 'every name of the configuration: the tracker did not run' };
  }

  /** @returns undefined: nothing is known yet, so the files stay as they are */
  async #activeInWatch(): Promise<{ active: ActiveRedirections; source: string } | undefined> {
    try {
      const active = await this.#ask();
      this.#answeredAtMs = this.#context.clock.nowMs();
      this.#failure = '';
      return { active, source: 'the names that the tracker redirects now' };
    } catch (thrown) {
      this.#tellFailure(messageOf(thrown));
      if (this.#context.clock.nowMs() - this.#answeredAtMs < WITHDRAW_AFTER_MS) return undefined;
      const { active } = this.#fromConfig();
      return { active: { ...active, names: [] }, source: 'no name: the tracker does not answer' };
    }
  }

  async #ask(): Promise<ActiveRedirections> {
    const client = connect(this.#options, this.#context, (config) => config.control?.token);
    return parseActive(await client.get(ACTIVE_PATH));
  }

  async #export({ active, source }: { active: ActiveRedirections; source: string }): Promise<void> {
    const { format: name, out } = this.#options;
    const format = EXPORT_FORMATS[name];
    await this.#copy(active);
    const nowMs = this.#context.clock.nowMs();
    const { zone, exemptZone } = this.#redirect.rpz ?? DEFAULT_ZONES;
    const serial = Math.floor(nowMs / 1_000);
    const { copies } = this.#originals;
    const redirections = { ...active, names: active.names.filter((each) => !isDenied(each, copies)) };
    const exported = { redirections, copies, zone, exemptZone, serial };
    for (const warning of format.warnings(exported)) this.#tellOnce(warning);
    const origin: ExportOrigin = {
      ...{ version: this.#version, source, madeAt: new Date(nowMs).toISOString() },
      configFile: this.#context.configFile(this.#options.config),
    };
    if (out === undefined)
      return this.#print(filesOf(format, exported, `redirections${mainEnding(name, exported)}`), origin);
    const changed = writeExport(filesOf(format, exported, out), out, origin);
    for (const part of changed) this.#pending.add(part);
    if (changed.size > 0) {
      const count = active.names.filter((each) => exported.copies.has(each.name)).length;
      this.#context.stdout.write(`${count} names exported to ${pathOfPart(out, { part: 'main', ending: '' })}\n`);
    }
    if (this.#pending.size > 0) await this.#putInForce(exported);
  }

  /** MX, TXT and CAA records: at first, every few minutes, and for new names. */
  async #copy({ names }: ActiveRedirections): Promise<void> {
    const nowMs = this.#context.clock.nowMs();
    const known = this.#originals.copies;
    const missing = names.filter(({ name }) => !known.has(name));
    if (missing.length === 0 && nowMs - this.#copiedAtMs < COPY_EVERY_MS) return;
    this.#copiedAtMs = nowMs;
    await this.#originals.refresh(names.map(({ name }) => name));
    const unknown = names.filter(({ name }) => !this.#originals.copies.has(name));
    if (unknown.length > 0) {
      this.#tellOnce(
        `no resolver answers for the records of ${unknown[0]!.name} and ${unknown.length - 1} other names, so they are not exported; check upstream.resolvers`,
      );
    }
  }

  async #putInForce(exported: Exported): Promise<void> {
    const { format, reload } = this.#options;
    const usual = EXPORT_FORMATS[format].reload(this.#pending, exported);
    const commands = typeof reload === 'string' ? [['sh', '-c', reload]] : usual;
    if (reload === undefined) {
      for (const command of commands) this.#context.stdout.write(`put it in force with: ${command.join(' ')}\n`);
      this.#pending.clear();
      return;
    }
    if (commands.length === 0 && format === 'rpz') {
      throw new OperatorError("no resolver is known for zone files alone; give its command: --reload 'COMMAND'");
    }
    for (const [program, ...parameters] of commands) {
      await promisify(execFile)(program!, parameters, { timeout: RELOAD_TIMEOUT_MS }).catch((thrown: unknown) => {
        throw new OperatorError(
          `the files are written, but ${[program, ...parameters].join(' ')} failed: ${messageOf(thrown).trim()}; give another command: --reload 'COMMAND'`,
          { code: 'failed', cause: thrown },
        );
      });
    }
    this.#pending.clear();
  }

  #print(files: readonly ExportedFile[], origin: ExportOrigin): void {
    const texts = files.map((file) => fileText(file, origin));
    this.#context.stdout.write(texts.join('\n'));
  }

  /** A failure that lasts is reported once. */
  #tellFailure(message: string): void {
    if (message !== this.#failure) this.#context.stderr.write(`alias-tracker: ${message}\n`);
    this.#failure = message;
  }

  #tellOnce(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#context.stderr.write(`alias-tracker: ${message}\n`);
  }
}

/** Its original asks nobody to announce there (BEP 34). A running tracker leaves such names out by itself. */
function isDenied({ name, announceText }: ActiveName, copies: Exported['copies']): boolean {
  const texts = (copies.get(name) ?? []).filter(({ type }) => type === TYPE_TXT).map(({ data }) => textOf(data));
  return announceText !== undefined && deniesAll(texts);
}

function mainEnding(name: ExportFormatName, exported: Exported): string {
  return EXPORT_FORMATS[name].files(exported, () => '').find(({ part }) => part === 'main')?.ending ?? '';
}
