/** Roll-out and savings as a part of the program: their section of the configuration, and how they are started. */
import type { Part } from '../part/part.js';
import type { RunningSavings, SavingsNeeds } from './running-savings.js';
import { type SavingsConfig, schema } from './section.js';

export const savingsPart: Part<'rollout', typeof schema, SavingsConfig, SavingsNeeds, RunningSavings> = {
  key: 'rollout',
  name: 'savings',
  label: 'savings',
  schema,
  live: ['percent', 'controlPercent', 'subdomains', 'shadow'],
  subdomains: ({ rollout }) => rollout.subdomains.map((id, i) => ({ id, path: ['rollout', 'subdomains', i] })),
  text: `rollout:                                # who gets the localised answer; docs/savings.md
  percent: 100                          # of the households; the others get random peers, as from an ordinary tracker
  controlPercent: 1                     # always get random peers: what savings are measured against; 0: no control group;
                                        # in a lab 1 counts as 0
  subdomains: []                        # only these; empty: all
  shadow: false                         # true: compute and count the localised answer, but give random peers
`,
  start: async (config, needs, previous) => {
    const { RunningSavings } = await import('./running-savings.js');
    const running = previous ?? new RunningSavings(config, needs);
    running.start();
    return running;
  },
  routes: async (running, { clock }) => {
    const { savingsRoutes } = await import('./api/savings-routes.js');
    return savingsRoutes(running, clock);
  },
  metrics: async (running) => {
    const { savingsMetrics } = await import('./api/savings-metrics.js');
    return savingsMetrics(running);
  },
};
