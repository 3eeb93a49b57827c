/** The control API with the dashboard as a part of the program: its section of the configuration, and how it is started. */
import { findingsOf } from '../config-kit/examine.js';
import { type ControlConfig, controlChecks, schema } from '../control-api/section.js';
import type { Part, RunningPart } from '../part/part.js';
import type { ControlNeeds } from './running-control.js';

export const controlPart: Part<'control', typeof schema, ControlConfig, ControlNeeds, RunningPart<ControlConfig>> = {
  key: 'control',
  name: 'control API',
  label: 'control',
  schema: schema,
  live: ['token', 'viewerToken', 'tls.certificate', 'tls.key'],
  checks: controlChecks,
  examine: async ({ control }) => {
    const { readControlTls } = await import('../control-api/read-control-tls.js');
    return findingsOf(['control', 'tls'], () => control && readControlTls(control));
  },
  sockets: ({ control }) => (control ? [{ ...control.listen, path: ['control', 'listen'], protocol: 'tcp' }] : []),
  text: `control:                                # API and dashboard; remove the section to run without them
  listen: "http://127.0.0.1:8090"       # https:// with tls
  # token: "\${CONTROL_TOKEN}"           # required unless listen is on loopback
  # viewerToken: "\${VIEWER_TOKEN}"      # may read everything and change nothing
  # tls: { certificate: chain.pem, key: key.pem }
  # clientCa: probes-ca.pem             # with tls: a certificate of this authority replaces the token of its probe
  names: []                             # host names that browsers use for it, besides its addresses
`,
  start: async (config, needs, previous) => {
    const { startControl } = await import('./running-control.js');
    return startControl(config, needs, previous?.listeners[0]?.port);
  },
  routes: async (_, { clock, readiness, partStates, dataPlane, policy, savingsReport, database }) => {
    const { overviewRoutes } = await import('./api-routes.js');
    const { TokensStore } = await import('../store/sqlite/tokens-store.js');
    const { createOverview } = await import('./measure-overview.js');
    return overviewRoutes({
      clock,
      readiness,
      parts: partStates,
      tokens: () => new TokensStore(database).list(),
      overview: createOverview({ dataPlane, policy, clock, savingsReport }),
    });
  },
};
