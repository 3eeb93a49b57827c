// Opens the database file of the first argument and adds to one counter, each time in a transaction that reads it first,
// as a crawl does beside the server. Run from dist, so that it is a process of its own. Begins when a line comes in.
import { once } from 'node:events';
import { openDatabase } from '../../dist/store/sqlite/database.js';

const [file, turns] = process.argv.slice(2);
console.log('ready');
await once(process.stdin, 'data');
const database = openDatabase(file);
const addOne = database.transaction(() => {
  const before = database.prepare("SELECT count FROM crawler_request_count WHERE target = 'x'").get()?.count ?? 0;
  database.prepare("INSERT OR REPLACE INTO crawler_request_count VALUES ('s', 'x', 1, ?)").run(before + 1);
});
for (let i = 0; i < Number(turns); i++) addOne();
database.close();
process.exit(0);
