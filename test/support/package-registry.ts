/** A package registry on loopback that has exactly the installed packages of this checkout, so that npm can install without a network. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Package {
  readonly path: string;
  readonly manifest: { readonly name: string; readonly version: string };
}

/** Every version of the lock file that is installed here, by name. */
function installedPackages(): Map<string, Package[]> {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, unknown> };
  const found = new Map<string, Package[]>();
  for (const path of Object.keys(packages)) {
    const file = join(path, 'package.json');
    if (path === '' || !existsSync(file)) continue;
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Package['manifest'];
    found.set(manifest.name, [...(found.get(manifest.name) ?? []), { path, manifest }]);
  }
  return found;
}

export class PackageRegistry {
  readonly #server: Server;
  readonly #packages = installedPackages();
  readonly #directory = mkdtempSync(join(tmpdir(), 'alias-tracker-registry-'));
  readonly #files = new Map<string, Buffer>();
  /** Names that npm asked for and that are not here. */
  readonly missing = new Set<string>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(request.url!).slice(1);
      const file = this.#files.get(path);
      if (file !== undefined) return void response.end(file);
      const versions = this.#packages.get(path);
      if (versions !== undefined) return void response.end(JSON.stringify(this.#document(path, versions)));
      this.missing.add(path);
      response.writeHead(404).end('{}');
    });
  }

  static async start(): Promise<PackageRegistry> {
    const registry = new PackageRegistry();
    await new Promise<void>((done) => registry.#server.listen(0, '127.0.0.1', done));
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #document(name: string, versions: readonly Package[]): object {
    const entries = versions.map((each) => {
      const file = this.#pack(each);
      const integrity = `sha512-${createHash('sha512').update(this.#files.get(file)!).digest('base64')}`;
      return [each.manifest.version, { ...each.manifest, dist: { tarball: this.url + file, integrity } }] as const;
    });
    return { name, 'dist-tags': { latest: versions[0]!.manifest.version }, versions: Object.fromEntries(entries) };
  }

  #pack({ path, manifest: { name, version } }: Package): string {
    const file = `${name.replace('/', '-')}-${version}.tgz`;
    if (!this.#files.has(file)) {
      const archive = join(this.#directory, file);
      const inside = ['--exclude=./node_modules', '--exclude=./deps', '--exclude=obj', '--exclude=obj.target'];
      execFileSync('tar', ['-C', path, ...inside, '--transform', 's,^\\.,package,', '-czf', archive, '.']);
      this.#files.set(file, readFileSync(archive));
    }
    return file;
  }
}
