/** A round is cut into short turns, so that every server meets the machine at its fastest and at its slowest. */
import type { LoadResult } from './load/load-command.js';

export function sumTurns(turns: readonly LoadResult[]): LoadResult {
  const sum = (pick: (turn: LoadResult) => number): number => turns.reduce((total, turn) => total + pick(turn), 0);
  return {
    answers: sum((turn) => turn.answers),
    seconds: sum((turn) => turn.seconds),
    userSeconds: sum((turn) => turn.userSeconds),
    systemSeconds: sum((turn) => turn.systemSeconds),
    lost: sum((turn) => turn.lost),
    errors: sum((turn) => turn.errors),
    answerBytes: sum((turn) => turn.answerBytes),
    peers: sum((turn) => turn.peers),
    longestGapMs: Math.max(...turns.map((turn) => turn.longestGapMs)),
    longGaps: sum((turn) => turn.longGaps),
    longestOwnGapMs: Math.max(...turns.map((turn) => turn.longestOwnGapMs)),
    residentBytes: turns.at(-1)?.residentBytes ?? 0,
  };
}
