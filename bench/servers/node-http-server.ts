/** node:http answering the same bytes: what the usual way costs. */
import { createServer } from 'node:http';
import { httpAnswer } from './fixed-answers.js';
import { announceReady, readOptions } from './server-options.js';

const { host, port, numWant, keepAlive } = readOptions();
const whole = httpAnswer(numWant, keepAlive);
const body = whole.subarray(whole.indexOf('\r\n\r\n') + 4);
const server = createServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length });
  response.end(body);
});
server.listen(port, host, announceReady);
