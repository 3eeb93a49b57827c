/** The operation as a part of the program: pause, resume, drain, and the log of what operators did. */
import type { Part } from '../part/part.js';
import type { OperatorLog } from '../store/sqlite/operator-log.js';
import type { Reload } from './api/reload-routes.js';
import type { OperationNeeds, RunningOperation } from './running-operation.js';
import { type OperationConfig, schema } from './section.js';

type Needs = OperationNeeds & { readonly operatorLog: Pick<OperatorLog, 'list'>; readonly reloadFile: Reload };

export const operationPart: Part<'operation', typeof schema, OperationConfig, Needs, RunningOperation> = {
  key: 'operation',
  name: 'operation',
  label: 'operation',
  schema,
  live: ['log'],
  text: `operation:
  log: 366d                             # how long the log of operator actions is kept
`,
  start: async (config, needs) => new (await import('./running-operation.js')).RunningOperation(config, needs),
  routes: async (running, { clock, operatorLog, reloadFile }) => {
    const { operationRoutes } = await import('./api/operation-routes.js');
    const { auditRoutes } = await import('./api/audit-routes.js');
    const { reloadRoutes } = await import('./api/reload-routes.js');
    return [...operationRoutes(() => running()!, clock), ...auditRoutes(operatorLog), ...reloadRoutes(reloadFile)];
  },
  metrics: async (running) => (await import('./api/operation-metrics.js')).operationMetrics(running),
};
