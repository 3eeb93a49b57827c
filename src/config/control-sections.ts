/** `control` and `labServices`: who may operate, and the lab's stand-ins for the world. */
import { z } from 'zod';
import { endpoint, listenUrl } from '../config-kit/address-schemas.js';
import { configPart } from '../config-kit/config-part.js';
import { filePath, hostName, section, token } from '../config-kit/field-schemas.js';
import { tlsFiles } from './tracker-section.js';

export const controlSection = section({
  listen: listenUrl('http', 'https').prefault('http://127.0.0.1:8090'),
  token: token.optional(),
  tls: tlsFiles.optional(),
  /** Certificates of this authority, with a probe's id as their common name, stand for its token. */
  clientCa: filePath.optional(),
  /** Host names under which browsers may use it beside its addresses: others are refused (DNS rebinding). */
  names: z.array(hostName).prefault([]),
});

export const controlPart = configPart({
  key: 'control',
  schema: controlSection.optional(),
  live: ['token', 'tls.certificate', 'tls.key'],
  text: `control:                                # API and dashboard; leave the section out to run without them
  listen: "http://127.0.0.1:8090"       # https:// with tls
  # token: "\${CONTROL_TOKEN}"           # required where not on loopback
  # tls: { certificate: chain.pem, key: key.pem }
  # clientCa: probes-ca.pem             # with tls: a certificate of this authority stands for the token of its probe
  names: []                             # host names under which browsers use it, beside its addresses
`,
});

/** The lab plays the world outside: everything here lies in 127.0.0.0/8, by default in the lab's foreign network. */
export const labServicesSection = section({
  originalSite: section({
    name: hostName.prefault('www.original.lab'),
    // The port of the mirror site, because a DNS redirection changes the address alone; and one that is easy to type.
    listen: z.array(endpoint()).min(1).prefault(['127.4.0.80:8080', '127.0.0.1:8181']),
  }).prefault({}),
  originalTracker: section({
    name: hostName.prefault('tracker.original.lab'),
    listen: endpoint().prefault('127.4.0.69:6969'),
  }).prefault({}),
  resolver: endpoint().prefault('127.4.0.53:5353'),
  seed: endpoint().prefault('127.4.0.20:6881'),
});

export const labServicesPart = configPart({
  key: 'labServices',
  schema: labServicesSection.optional(),
  live: [],
  text: `# labServices: {}                       # with lab: true, an original site, tracker and resolver on this machine
`,
});
