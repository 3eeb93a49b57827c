/** Why a client gets which peers: a sentence first, then the ranked groups. Torrents are found by name as well. */
import { z } from 'zod';
import { torrentsAnswer } from '../../crawler/api/catalogue-routes.js';
import { ClientError } from '../../domain/errors.js';
import { html, type Insertable } from '../../markup/markup.js';
import { type ExplainAnswer, explainAnswer } from '../../tracker/api/answer-schemas.js';
import { linkTo, type QueryValues } from '../frame/link.js';
import { search } from '../frame/parts.js';
import { compact, known } from '../frame/show.js';
import { nameLink, type Table, table } from '../frame/table.js';
import { type PageRequest, page } from '../page.js';
import { type Candidate, sentenceOf, tierInWords } from './explain-view.js';

const PATH = '/explain';
const FOUND_SHOWN = 20;
const PEERS_SHOWN = 100;
const HASH = /^[0-9a-f]{40}$/i;

const query = z.object({
  infoHash: z.string().max(200).optional(),
  ip: z.string().max(60).optional(),
  port: z.string().max(5).optional(),
  numwant: z.string().max(5).optional(),
});
type Request = PageRequest<z.output<typeof query>, undefined>;

export const explainPage = page({
  path: PATH,
  menu: PATH,
  query,
  load: async (request) => {
    const { infoHash = '', ip = '', port = '', numwant = '' } = request.query;
    const fields = [
      { name: 'infoHash', label: 'Torrent: info-hash, or words of its name', value: infoHash, isRequired: true },
      { name: 'ip', label: 'Address of the client', value: ip, isRequired: true },
      { name: 'port', label: 'Port, if several announce there', value: port },
      { name: 'numwant', label: 'Peers asked for', value: numwant },
    ];
    const asked = search(PATH, fields, 'Explain', { range: request.range === '24h' ? undefined : request.range });
    const { body, tables } = await result(request);
    return { title: 'Explain', tables, body: html`${asked}${body}` };
  },
});

interface Result {
  readonly body: Insertable;
  readonly tables: readonly Table[];
}

async function result({ api, query, range }: Request): Promise<Result> {
  const { infoHash = '', ip = '' } = query;
  if (infoHash.trim() === '' || ip.trim() === '') {
    return {
      tables: [],
      body: html`<p class="soft">Name a torrent and a client: the page says which peers the client gets, and why.</p>`,
    };
  }
  if (!HASH.test(infoHash.trim())) {
    const answer = await api.get('/api/v1/torrents', torrentsAnswer, { query: { q: infoHash, limit: FOUND_SHOWN } });
    if (answer === undefined) return absent(api, '/api/v1/torrents', 'This tracker has no catalogue to search.');
    return choice(answer.torrents, { ...query, range: range === '24h' ? undefined : range });
  }
  const asked = {
    infoHash: infoHash.trim(),
    ip: ip.trim(),
    port: query.port || undefined,
    numwant: query.numwant || undefined,
  };
  try {
    const answer = await api.get('/api/v1/explain', explainAnswer, { query: asked });
    if (answer === undefined) return absent(api, '/api/v1/explain', 'No client has announced this torrent.');
    return explained(answer, { ...query, range: range === '24h' ? undefined : range });
  } catch (thrown) {
    if (thrown instanceof ClientError) return problem(thrown.message);
    throw thrown;
  }
}

/** Without an answer of a call: it failed, or this is why. */
function absent(api: Request['api'], path: string, why: string): Result {
  return { tables: [], body: api.box(path, problem(why).body) };
}

function problem(text: string): Result {
  return { tables: [], body: html`<p class="bad" role="alert">${text}</p>` };
}

function choice(torrents: readonly { infoHash: string; name: string }[], here: QueryValues): Result {
  if (torrents.length === 0) return problem('No torrent of the catalogue has these words.');
  const links = torrents.map(({ infoHash, name }) => {
    const href = linkTo(PATH, '24h', { ...here, infoHash });
    return html`<li>${nameLink(href, name)} <code>${infoHash}</code></li>`;
  });
  return { tables: [], body: html`<h2>Which of these torrents?</h2><ul class="links">${links}</ul>` };
}

function explained(answer: ExplainAnswer, here: QueryValues): Result {
  const tables = [candidatesTable(answer.candidates), peersTable(answer.peers)];
  const [candidates, peers] = tables.map((each) => each.markup(PATH, here));
  const { peersAtAddress, port } = answer.requester;
  const several =
    peersAtAddress > 1
      ? html`<p class="soft">${peersAtAddress} clients announce from this address; this is the one on port ${port ?? 0}.</p>`
      : '';
  return {
    tables,
    body: html`<p class="card" id="answer">${sentenceOf(answer)}</p>${several}
<h2>Candidates, best first</h2>
<p class="soft">A lower tier, rate, score and density level is better; a higher capability level is better.</p>
${candidates!}
<h2>Peers of the answer</h2>
${peers!}`,
  };
}

function candidatesTable(rows: readonly Candidate[]): Table {
  return table({
    id: 'candidates',
    caption: 'Groups of candidates that nothing in the policy tells apart',
    rows,
    rowKey: (row) => `${row.group} ${row.role} ${row.score} ${row.capabilityLevel} ${row.cache}`,
    empty: 'The swarm has nobody else.',
    columns: [
      { key: 'group', label: 'network', value: ({ group }) => group },
      { key: 'role', label: 'role', value: ({ role, cache }) => (cache ? `${role}, cache` : role) },
      { key: 'tier', label: 'tier', value: ({ tier }) => tier, show: ({ tier }) => `${tier}: ${tierInWords(tier)}` },
      {
        key: 'chosen',
        label: 'chosen',
        numeric: true,
        value: ({ chosen }) => chosen,
        tone: ({ chosen }) => (chosen > 0 ? 'good' : undefined),
      },
      { key: 'peers', label: 'of peers', numeric: true, value: ({ peers }) => peers },
      { key: 'ratePerGigabyte', label: 'rate per GB', numeric: true, value: ({ ratePerGigabyte }) => ratePerGigabyte },
      { key: 'relationship', label: 'relationship', value: ({ relationship }) => relationship },
      { key: 'score', label: 'score', numeric: true, value: ({ score }) => score },
      { key: 'densityLevel', label: 'density level', numeric: true, value: ({ densityLevel }) => densityLevel },
      {
        key: 'density',
        label: 'density',
        numeric: true,
        value: ({ density }) => density,
        show: ({ density }) => known(density, (value) => `${compact(Math.round(value))} B/s`),
      },
      {
        key: 'capabilityLevel',
        label: 'capability level',
        numeric: true,
        value: ({ capabilityLevel }) => capabilityLevel,
        show: ({ capabilityLevel, capabilitySource }) => `${capabilityLevel}, ${capabilitySource}`,
      },
      { key: 'reason', label: 'why', value: ({ reason }) => reason },
    ],
  });
}

function peersTable(peers: ExplainAnswer['peers']): Table {
  return table({
    id: 'peers',
    caption: 'Peers of the answer',
    rows: peers.slice(0, PEERS_SHOWN),
    rowKey: ({ address, port }) => `${address} ${port}`,
    empty: 'It would get no peers.',
    columns: [
      { key: 'address', label: 'address', value: ({ address }) => address },
      { key: 'port', label: 'port', numeric: true, value: ({ port }) => port },
    ],
  });
}
