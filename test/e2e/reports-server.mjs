// The control API over the database file of the first argument, until it is killed. Run from dist, so that it is a
// process of its own that can be killed at any instant. Writes its port as one line.
import { createControlApi } from '../../dist/control-api/control-api.js';
import { startControlServer } from '../../dist/control-api/control-server.js';
import { TokenDirectory } from '../../dist/control-api/token-directory.js';
import { systemClock } from '../../dist/domain/clock.js';
import { reportRoutes } from '../../dist/reports/api/report-routes.js';
import { ReportsService } from '../../dist/reports/reports-service.js';
import { openDatabase } from '../../dist/store/sqlite/database.js';
import { ReportsStore } from '../../dist/store/sqlite/reports-store.js';
import { TokensStore } from '../../dist/store/sqlite/tokens-store.js';

const database = openDatabase(process.argv[2]);
const clock = systemClock;
const authenticator = new TokenDirectory({ controlToken: 'control', probes: [] }, new TokensStore(database));
const reports = new ReportsService({
  store: new ReportsStore(database),
  clock,
  directory: authenticator,
  isKnownSubdomain: (id) => id.startsWith('s'),
  plan: { uplinkBpsMax: () => 1e9, isCache: () => false, isInner: () => true },
});
const onDefect = (thrown) => console.error(thrown);
const app = createControlApi({
  clock,
  authenticator,
  readiness: { reasons: () => [] },
  routes: reportRoutes(reports, clock),
  metrics: [],
  onDefect,
});
const server = await startControlServer(app, { host: '127.0.0.1', port: 0 });
console.log(server.address.port);
