// For tests in network namespaces. `strangers ADDRESS RESOLVER SITE.json`: a resolver, and a site on port 8181 that serves
// what the file says by path. `inside ADDRESS…`: listeners on port 8181 (HTTP and UDP) that print what reaches them.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { startNameServer } from '../../dist/lab/name-server.js';

const PORT = 8181;
const [role, ...rest] = process.argv.slice(2);

async function listen(server, address) {
  server.listen(PORT, address);
  await once(server, 'listening');
}

if (role === 'strangers') {
  const [address, resolver, file] = rest;
  const { names, routes } = JSON.parse(readFileSync(file, 'utf8'));
  await startNameServer({ host: resolver, port: 53 }, new Map(Object.entries(names)));
  await listen(
    createServer((request, response) => {
      const route = routes[request.url.split('?')[0]];
      if (route === undefined) return response.writeHead(404).end();
      if (route.location !== undefined) return response.writeHead(302, { location: route.location }).end();
      response.end(Buffer.from(route.body, 'base64'));
    }),
    address,
  );
} else {
  for (const address of rest) {
    const server = createServer((request, response) => {
      console.log(`http ${address} ${request.url}`);
      response.end('d4:infoe');
    });
    await listen(server, address);
    const udp = createSocket('udp4');
    udp.on('message', () => console.log(`udp ${address}`));
    udp.bind(PORT, address);
    await once(udp, 'listening');
  }
}
console.log('ready');
