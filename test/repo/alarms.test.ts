/** docs/alarms.md has a section for each alarm of the code, with its severity, and no others. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALARM_CATALOGUE, ALARM_IDS } from '../../src/domain/alarm.js';
import { sourceFiles } from './source-files.js';

const document = readFileSync('docs/alarms.md', 'utf8');

test('each alarm is documented with its severity', () => {
  const sections = document
    .split(/^## /m)
    .slice(1)
    .map((text) => ({ id: text.split('\n')[0]!, critical: /^\*Critical\b/m.test(text) }))
    .filter(({ id }) => id !== 'Webhook');
  expect(sections).toEqual(
    ALARM_IDS.map((id) => ({ id, critical: (ALARM_CATALOGUE[id].severity as string) === 'critical' })),
  );
});

test('each alarm is raised somewhere', () => {
  const code = sourceFiles('src', '.ts')
    .filter((path) => path !== 'src/domain/alarm.ts')
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  expect(ALARM_IDS.filter((id) => !code.includes(`'${id}'`))).toEqual([]);
});
