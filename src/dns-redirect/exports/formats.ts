/** The formats of `alias-tracker dns export`, by name. */
import { bindExport } from './bind-export.js';
import { dnsmasqExport } from './dnsmasq-export.js';
import type { ExportFormat } from './export-format.js';
import { knotExport } from './knot-export.js';
import { powerdnsExport } from './powerdns-export.js';
import { unboundExport } from './unbound-export.js';
import { dataZoneFile, exemptZoneFile } from './zone-files.js';

/** Zones alone, for any resolver that reads them. */
const rpzExport: ExportFormat = {
  files: (exported) => [dataZoneFile(exported, 'main'), exemptZoneFile(exported)],
  reload: () => [],
  warnings: () => [],
};

export const EXPORT_FORMATS = {
  rpz: rpzExport,
  bind: bindExport,
  unbound: unboundExport,
  dnsmasq: dnsmasqExport,
  knot: knotExport,
  powerdns: powerdnsExport,
} as const satisfies Readonly<Record<string, ExportFormat>>;

export type ExportFormatName = keyof typeof EXPORT_FORMATS;
