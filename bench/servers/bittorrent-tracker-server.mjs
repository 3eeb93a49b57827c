// The tracker of the npm package bittorrent-tracker. Plain JavaScript: the package has no types.
import { Server } from 'bittorrent-tracker';

const { protocol, host, port } = JSON.parse(process.argv[2]);
const server = new Server({ udp: protocol === 'udp', http: protocol === 'http', ws: false, stats: false });
server.on('error', (error) => console.error(error.message));
server.on('warning', () => {});
server.on('listening', () => process.stdout.write('ready\n'));
server.listen(port, { [protocol === 'udp' ? 'udp4' : 'http']: host, udp: host, http: host });
