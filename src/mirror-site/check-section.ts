/** Rules between the keys of `mirrorSite`, what `check-config` warns of, and its certificates read as its start reads them. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Report } from '../config-kit/config-part.js';
import { type Finding, findingsOf } from '../config-kit/examine.js';
import { listed } from '../config-kit/field-schemas.js';
import { coversName, readCertificatePair } from '../net/tls/certificate-pair.js';
import { IDENTITY_FILES } from './identity/identity.js';
import type { MirrorSiteConfig } from './section.js';

export function httpsHasACertificate({ mirrorSite }: MirrorSiteConfig, report: Report): void {
  if (mirrorSite === undefined || mirrorSite.tls !== undefined) return;
  const https = listed(mirrorSite.listen).find(({ value }) => value.protocol === 'https');
  if (https !== undefined) {
    report(['mirrorSite', 'listen', ...https.path], 'https needs mirrorSite.tls with certificate and key');
  }
}

/** Every file that cannot be used is named with its place. */
export async function examineMirrorSite({ mirrorSite }: Pick<MirrorSiteConfig, 'mirrorSite'>): Promise<Finding[]> {
  if (mirrorSite === undefined) return [];
  const pairs = mirrorSite.tls === undefined ? [] : listed(mirrorSite.tls);
  const { logo, icon, help, privacy } = mirrorSite;
  const examine = (key: keyof typeof IDENTITY_FILES, file: string | undefined): Promise<Finding[]> =>
    findingsOf(['mirrorSite', key], () => file !== undefined && IDENTITY_FILES[key](file));
  const findings = await Promise.all([
    ...pairs.map(({ value, path }) => findingsOf(['mirrorSite', 'tls', ...path], () => readCertificatePair(value))),
    examine('logo', logo),
    examine('icon', icon),
    examine('help', help),
    examine('privacy', privacy),
  ]);
  return findings.flat();
}

export function certificatesWithoutListener({ mirrorSite }: MirrorSiteConfig): string[] {
  if (mirrorSite?.tls === undefined || listed(mirrorSite.listen).some(({ value }) => value.protocol === 'https')) {
    return [];
  }
  return ['mirrorSite.tls: no entry of mirrorSite.listen uses it; add one such as "https://0.0.0.0:443"'];
}

/** Browsers that ask a redirected site for https get a warning unless a certificate is for its name. */
export function sitesWithoutCertificate({ mirrorSite, dnsRedirect }: MirrorSiteConfig): string[] {
  if (mirrorSite?.tls === undefined || !listed(mirrorSite.listen).some(({ value }) => value.protocol === 'https')) {
    return [];
  }
  const certificates = listed(mirrorSite.tls).flatMap(({ value }) => readIfPossible(value.certificate));
  if (certificates.length === 0) return [];
  const names = (dnsRedirect?.sites ?? []).map(({ name }) => name);
  const uncovered = names.filter((site) => !certificates.some((each) => coversName(each, site)));
  if (uncovered.length === 0) return [];
  return [
    `dnsRedirect.sites: no certificate of mirrorSite.tls is for ${uncovered.join(', ')}; browsers that open it with https:// show a warning`,
  ];
}

/** Faults of the files are reported elsewhere. */
function readIfPossible(file: string): X509Certificate[] {
  try {
    return [new X509Certificate(readFileSync(file))];
  } catch {
    return [];
  }
}
