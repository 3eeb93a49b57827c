/** What each policy did at which hour, as rows for people. */
import { timeOfDay } from './plots.js';
import type { ScenarioResult } from './run-scenario.js';

export function hoursHeader({ startsAtMinutes, windows }: ScenarioResult): string[] {
  const closing = startsAtMinutes + (windows[0]?.toSeconds ?? 0) / 60;
  const at = timeOfDay(closing);
  return [
    'policy',
    'inside the window',
    `traffic after ${at} for`,
    'bytes in that time',
    `evening’s downloads complete at ${at}`,
  ];
}

/** Empty for a scenario without a window. */
export function hoursRows({ policies }: ScenarioResult): string[][] {
  return policies.flatMap(({ policy, hours }) =>
    hours === undefined
      ? []
      : [
          [
            policy,
            `${(100 * hours.insideWindowShare).toFixed(1)} %`,
            `${Math.round(hours.tail.seconds / 60)} min`,
            `${Math.round(hours.tail.bytes / 1e6)} MB`,
            `${hours.evening.completeAtClosing} of ${hours.evening.started}`,
          ],
        ],
  );
}
