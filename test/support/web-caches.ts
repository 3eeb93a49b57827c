/**
 * Squid and nginx as an operator runs them in front of the users, on loopback and with files in a folder of their own: whatever
 * reads their logs meets the real formats and the real rotation.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

export interface WebCache {
  readonly port: number;
  readonly process: ChildProcess;
  /** Closes its log files and opens them again, after somebody has renamed them. */
  reopenLogs(): void;
  stop(): Promise<void>;
}

export interface NginxOptions {
  readonly directory: string;
  /** Where it forwards every request. */
  readonly origin: string;
  /** `log_format` and `access_log` directives; files relative to the folder. */
  readonly logs: string;
}

/** A caching proxy in the place of a site, or of all sites: it takes paths and absolute addresses alike. */
export async function startNginx(program: string, { directory, origin, logs }: NginxOptions): Promise<WebCache> {
  const port = await freePort();
  mkdirSync(directory, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);
  const configuration = `
daemon off; pid nginx.pid; error_log error.log; worker_processes 1; ${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 64; }
http {
  ${temporary.join(' ')}
  ${logs}
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass ${origin}; proxy_set_header Host $http_host; }
  }
}
`;
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, configuration);
  const child = spawn(program, ['-p', directory, '-c', file, '-e', 'error.log'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return running(child, port, () =>
    process.kill(Number(readFileSync(join(directory, 'nginx.pid'), 'utf8')), 'SIGUSR1'),
  );
}

export interface SquidOptions {
  readonly directory: string;
  /** `logformat` and `access_log` directives; files with `${directory}`. */
  readonly logs: string;
  /** Old logs that `squid -k rotate` keeps; 0: it only opens its log again. */
  readonly keeps: number;
}

/** A forward proxy that stores nothing. */
export async function startSquid(program: string, { directory, logs, keeps }: SquidOptions): Promise<WebCache> {
  const port = await freePort();
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'squid.conf');
  writeFileSync(
    file,
    `
http_port 127.0.0.1:${port}
http_access allow all
cache deny all
cache_mem 0 MB
cache_log ${directory}/cache.log
pid_filename ${directory}/squid.pid
coredump_dir ${directory}
netdb_filename none
pinger_enable off
dns_nameservers 127.0.0.1
visible_hostname cache.isp.test
shutdown_lifetime 0 seconds
logfile_rotate ${keeps}
buffered_logs off
${logs}
`,
  );
  // Started by root it changes to the user of Debian's package.
  if (process.getuid?.() === 0) {
    chmodSync(dirname(directory), 0o755);
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'proxy'], { encoding: 'utf8' })));
    chownSync(directory, uid!, gid!);
  }
  const child = spawn(program, ['-N', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  return running(child, port, () => execFileSync(program, ['-k', 'rotate', '-f', file], { stdio: 'ignore' }));
}

async function running(child: ChildProcess, port: number, reopenLogs: () => void): Promise<WebCache> {
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  try {
    await eventually('the start of the cache', () => listens(port), {
      possible: () => child.exitCode === null,
      found: () => errors,
    });
  } catch (thrown) {
    child.kill('SIGKILL');
    throw thrown;
  }
  return {
    port,
    process: child,
    reopenLogs,
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
  });
}

/** Fetches once, through a proxy or from a server that stands in for the host of the address. @throws Error if it fails */
export async function curl(program: string, url: string, ...options: readonly string[]): Promise<void> {
  const child = spawn(program, ['-s', '-S', '-o', '/dev/null', '--max-time', '60', '--noproxy', '', ...options, url], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`curl ${options.join(' ')} ${url} ended with ${code}`);
}

/** Waits until a log has so many lines: caches write them after the answer. @throws Error after a while, with the file */
export async function untilLines(file: string, lines: number): Promise<void> {
  const text = (): string => (existsSync(file) ? readFileSync(file, 'latin1') : '');
  await eventually(`${lines} lines in ${file}`, () => text().split('\n').length > lines, { found: text });
}
