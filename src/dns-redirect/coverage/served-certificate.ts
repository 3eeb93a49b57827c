/** Whether a target serves HTTPS under a redirected name, as a browser or a client that verifies would find it. */
import { checkServerIdentity, connect } from 'node:tls';
import { messageOf } from '../../domain/errors.js';
import { formatIp, type IpAddress } from '../../domain/ip-address.js';

const TIMEOUT_MS = 4_000;

/** @returns undefined if the certificate is trusted and for the name, else what is wrong. Never rejects */
export function certificateFault(name: string, address: IpAddress, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { host: formatIp(address), port, servername: name, rejectUnauthorized: false };
    const end = (fault: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(fault);
    };
    const socket = connect(options, () => {
      const wrongName = checkServerIdentity(name, socket.getPeerCertificate());
      if (wrongName !== undefined) end(`its certificate is not for ${name}`);
      else end(socket.authorized ? undefined : `its certificate is not trusted (${socket.authorizationError})`);
    });
    const timer = setTimeout(() => end(`no answer within ${TIMEOUT_MS / 1_000} s`), TIMEOUT_MS);
    socket.on('error', (error) => end(messageOf(error)));
  });
}
