// The world outside, for tests in network namespaces: the lab's original site, original tracker, resolver and far seed on
// the address that is given. Run as a process of its own inside a namespace; ends with SIGTERM.
import { startLab } from '../../dist/lab/start-lab.js';

const address = process.argv[2];
const lab = await startLab({
  originalSite: { name: 'www.original.lab', listen: [{ host: address, port: 80 }] },
  originalTracker: { name: 'tracker.original.lab', listen: { host: address, port: 6969 } },
  resolver: { host: address, port: 53 },
  seed: { host: address, port: 6881 },
});
console.log('ready');
process.once('SIGTERM', async () => {
  await lab.stop();
  process.exit(0);
});
