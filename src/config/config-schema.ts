/** The whole configuration as one strict schema: every key, its value and its default. */
import type { z } from 'zod';
import { controlSection, labServicesSection, reportsSection } from './control-sections.js';
import { flag, section } from './field-schemas.js';
import {
  billingSection,
  loggingSection,
  operatorSection,
  selectionSection,
  storageSection,
  topologySection,
} from './network-sections.js';
import { crawlerSection, dnsRedirectSection, mirrorSiteSection } from './site-sections.js';
import { trackerSection, upstreamSection } from './tracker-section.js';

/** The parts that are optional run only where their section is written; `mirrorSite: {}` is enough. */
export const configSchema = section({
  operator: operatorSection,
  topology: topologySection.prefault({}),
  billing: billingSection.prefault({}),
  selection: selectionSection.prefault({}),
  tracker: trackerSection.prefault({}),
  mirrorSite: mirrorSiteSection.optional(),
  crawler: crawlerSection.prefault({}),
  upstream: upstreamSection.prefault({}),
  dnsRedirect: dnsRedirectSection.optional(),
  reports: reportsSection.prefault({}),
  control: controlSection.optional(),
  storage: storageSection.prefault({}),
  logging: loggingSection.prefault({}),
  lab: flag.prefault(false),
  labServices: labServicesSection.optional(),
});

export type DeepReadonly<T> = T extends string | number | boolean
  ? T // branded ones too
  : T extends (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;

/** Checked, complete with defaults, paths absolute, deeply frozen. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;
