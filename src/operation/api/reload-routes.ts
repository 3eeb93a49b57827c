/** The call that reloads the configuration, or says what a reload would change. */
import { z } from 'zod';
import { Problem } from '../../control-api/problem.js';
import { type Route, route } from '../../control-api/route.js';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { ReloadOutcome } from '../reload-outcome.js';

export const RELOAD_PATH = '/api/v1/reload';

const reloadBody = z.strictObject({
  dryRun: z.boolean().default(false).meta({ description: 'only says what a reload would change' }),
});

const value = z.string().nullable().meta({ description: 'JSON; secrets are hidden; null: not set' });
const reloadAnswer = z
  .strictObject({
    applied: z.boolean(),
    changes: z.array(
      z.strictObject({ key: z.string(), old: value, new: value, takesEffect: z.enum(['now', 'restart']) }),
    ),
    needRestart: z.array(z.string()).meta({ description: 'also of earlier reloads' }),
    files: z
      .array(z.strictObject({ key: z.string(), file: z.string(), change: z.enum(['changed', 'removed']) }))
      .meta({ description: 'named by the configuration, and changed since they were last read' }),
  })
  .meta({ title: 'Reload' });
export type ReloadAnswer = z.output<typeof reloadAnswer>;

/** Undefined for a program that was not started with a file. */
export type Reload = ((dryRun: boolean) => Promise<ReloadOutcome>) | undefined;

export function reloadRoutes(reload: Reload): Route[] {
  return [
    route({
      method: 'post',
      path: RELOAD_PATH,
      summary: 'Reloads the configuration file, or says what that would change',
      access: 'operator',
      audit: {
        action: 'reload',
        isChange: ({ body }) => !body.dryRun,
        outcome: ({ json }) => {
          const { changes, needRestart, files } = json as ReloadOutcome;
          return { changes: changes.map(({ key }) => key), needRestart, files: files.map(({ file }) => file) };
        },
      },
      body: reloadBody,
      answers: [
        { status: 200, description: 'What changes.', schema: reloadAnswer },
        { status: 422, description: 'The file is invalid: `detail` has each problem with its line. Nothing changes.' },
      ],
      handle: async ({ body: { dryRun } }) => {
        if (reload === undefined) {
          throw new Problem('unprocessable', 'this program was not started with a configuration file');
        }
        try {
          return { json: await reload(dryRun) };
        } catch (thrown) {
          if (thrown instanceof OperatorError) throw new Problem('unprocessable', messageOf(thrown));
          throw thrown;
        }
      },
    }),
  ];
}
