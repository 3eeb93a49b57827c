/** The tracker of the npm package bittorrent-tracker. */
import { Server } from 'bittorrent-tracker';
import { announceReady, readOptions } from './server-options.js';

const { protocol, host, port } = readOptions();
const server = new Server({ udp: protocol === 'udp', http: protocol === 'http', ws: false, stats: false });
server.on('error', (error: Error) => console.error(error.message));
server.on('warning', () => {});
server.on('listening', announceReady);
server.listen(port, { [protocol === 'udp' ? 'udp4' : 'http']: host, udp: host, http: host });
