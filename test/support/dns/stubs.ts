/**
 * The stub resolvers that users' programs have, each as a real program with an /etc/resolv.conf of its own. Each answers in
 * the same way: its addresses, sorted; or {@link NOTHING}.
 */
import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** It has none, or nobody says. */
export const NOTHING = 'no address';

export type Family = 'both' | 'IPv6';

export interface Stub {
  readonly name: string;
  /** @param resolvConf see {@link writeResolvConf} */
  resolve(resolvConf: string, host: string, family: Family): Promise<string>;
}

/** The longest that each of them accepts: no test waits for it, and a busy machine does not make one ask again. */
const TIMEOUT_SECONDS = 30;

/** @returns the file */
export function writeResolvConf(directory: string, nameserver: string, timeoutSeconds = TIMEOUT_SECONDS): string {
  const file = join(directory, `resolv.conf-${nameserver}`);
  writeFileSync(file, `nameserver ${nameserver}\noptions timeout:${timeoutSeconds} attempts:2\n`);
  return file;
}

/** The command where that file is /etc/resolv.conf, and no domain of the machine's name is tried as well. */
export function withResolvConf(resolvConf: string, ...command: string[]): [string, string[]] {
  const script = 'echo user > /proc/sys/kernel/hostname && mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return ['unshare', ['--mount', '--uts', 'sh', '-c', script, resolvConf, ...command]];
}

/** @param nothing the exit codes of a program that found no address; any other is an error */
async function run(resolvConf: string, nothing: readonly number[], command: readonly string[]): Promise<string> {
  const [program, words] = withResolvConf(resolvConf, ...command);
  try {
    const { stdout } = await promisify(execFile)(program, words, { env: { ...process.env, GODEBUG: 'netdns=go' } });
    return [...new Set(stdout.split('\n').filter((line) => line !== ''))].sort().join(', ') || NOTHING;
  } catch (thrown) {
    if (nothing.some((code) => code === (thrown as { code?: unknown }).code)) return NOTHING;
    throw thrown;
  }
}

const glibc: Stub = {
  name: 'glibc',
  async resolve(resolvConf, host, family) {
    const database = family === 'IPv6' ? 'ahostsv6' : 'ahosts';
    const lines = await run(resolvConf, [2], ['getent', database, host]);
    // A name without IPv6 addresses gets its IPv4 ones as mapped ones.
    const addresses = [...lines.matchAll(/([^ ,]+) +STREAM/g)].map((match) => match[1]!);
    return addresses.filter((address) => !address.startsWith('::ffff:')).join(', ') || NOTHING;
  },
};

/** It connects: there must be a server at port 80 that answers with its address. */
const curl: Stub = {
  name: 'curl',
  resolve(resolvConf, host, family) {
    const command = ['curl', '-sS', '--noproxy', '*', `http://${host}/`];
    // Where a name has addresses of the other family only, it says that it cannot connect.
    return family === 'IPv6' ? run(resolvConf, [6, 7], [...command, '-6']) : run(resolvConf, [6], command);
  },
};

const NODE_LOOKUP = `
const [host, family] = process.argv.slice(1);
require('dns').lookup(host, { all: true, family: family === 'IPv6' ? 6 : 0 }, (error, found) => {
  if (error && !['ENOTFOUND', 'EAI_AGAIN'].includes(error.code)) throw error;
  if (error) process.exit(9);
  for (const { address } of found) console.log(address);
});`;

const NODE_RESOLVER = `
const [host, family] = process.argv.slice(1);
const resolver = new (require('dns').promises.Resolver)({ timeout: ${TIMEOUT_SECONDS * 1000}, tries: 2 });
const none = (error) => {
  if (['ENOTFOUND', 'ENODATA', 'EREFUSED'].includes(error.code)) return [];
  throw error;
};
const asked = [resolver.resolve6(host).catch(none)];
if (family === 'both') asked.push(resolver.resolve4(host).catch(none));
Promise.all(asked).then((found) => found.flat().forEach((address) => console.log(address)));`;

function node(name: string, script: string): Stub {
  return {
    name,
    resolve: (resolvConf, host, family) => run(resolvConf, [9], [process.execPath, '-e', script, host, family]),
  };
}

const MUSL_SOURCE = `
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
int main(int count, char **words) {
  struct addrinfo hints = { .ai_family = strcmp(words[2], "IPv6") ? AF_UNSPEC : AF_INET6, .ai_socktype = SOCK_STREAM };
  struct addrinfo *list;
  int error = getaddrinfo(words[1], 0, &hints, &list);
  if (error) { fprintf(stderr, "%s\\n", gai_strerror(error)); return error == EAI_SYSTEM ? 1 : 9; }
  for (; list; list = list->ai_next) {
    char text[INET6_ADDRSTRLEN];
    void *address = list->ai_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)list->ai_addr)->sin6_addr
                                                : (void *)&((struct sockaddr_in *)list->ai_addr)->sin_addr;
    puts(inet_ntop(list->ai_family, address, text, sizeof text));
  }
  return 0;
}
`;

const GO_SOURCE = `package main

import ("context"; "errors"; "fmt"; "net"; "os")

func main() {
	network := "ip"
	if os.Args[2] == "IPv6" { network = "ip6" }
	found, err := net.DefaultResolver.LookupIP(context.Background(), network, os.Args[1])
	var failure *net.DNSError
	var otherFamily *net.AddrError
	if errors.As(err, &otherFamily) || (errors.As(err, &failure) && !failure.IsTimeout) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(9)
	}
	if err != nil { panic(err) }
	for _, address := range found { fmt.Println(address) }
}
`;

function musl(directory: string): Stub {
  const [source, program] = [join(directory, 'musl.c'), join(directory, 'musl')];
  writeFileSync(source, MUSL_SOURCE);
  execFileSync('musl-gcc', ['-static', '-o', program, source], { stdio: ['ignore', 'ignore', 'pipe'] });
  return { name: 'musl', resolve: (resolvConf, host, family) => run(resolvConf, [9], [program, host, family]) };
}

function go(directory: string): Stub {
  const [source, program] = [join(directory, 'lookup.go'), join(directory, 'go-lookup')];
  writeFileSync(source, GO_SOURCE);
  execFileSync('go', ['build', '-o', program, source], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, GOCACHE: join(directory, 'go-cache'), GOPATH: join(directory, 'go'), GO111MODULE: 'off' },
  });
  return { name: 'Go', resolve: (resolvConf, host, family) => run(resolvConf, [9], [program, host, family]) };
}

export const STUB_PROGRAMS = ['getent', 'curl', 'musl-gcc', 'go'];

/** @param directory for what is built; the caller removes it */
export function buildStubs(directory: string): Stub[] {
  const nodes = [node('Node dns.lookup', NODE_LOOKUP), node('Node dns.Resolver (c-ares)', NODE_RESOLVER)];
  return [glibc, curl, ...nodes, musl(directory), go(directory)];
}
