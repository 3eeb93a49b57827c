/** The control API with the dashboard as a part of the program: its section of the configuration. */
import { configPart } from '../config-kit/config-part.js';
import { type ControlConfig, controlChecks, schema } from '../control-api/section.js';

export const controlPart = configPart<'control', typeof schema, ControlConfig>({
  key: 'control',
  schema: schema,
  live: ['token', 'tls.certificate', 'tls.key'],
  checks: controlChecks,
  sockets: ({ control }) => (control ? [{ ...control.listen, path: ['control', 'listen'], protocol: 'tcp' }] : []),
  text: `control:                                # API and dashboard; leave the section out to run without them
  listen: "http://127.0.0.1:8090"       # https:// with tls
  # token: "\${CONTROL_TOKEN}"           # required where not on loopback
  # tls: { certificate: chain.pem, key: key.pem }
  # clientCa: probes-ca.pem             # with tls: a certificate of this authority stands for the token of its probe
  names: []                             # host names under which browsers use it, beside its addresses
`,
});
