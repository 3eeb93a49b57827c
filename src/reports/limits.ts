/** Every limit of report intake, with its reason. Sizes of request bodies are the control API's (`src/control-api/limits.ts`). */

/** More than an operator has. */
export const MAX_SUBDOMAINS_PER_REPORT = 10_000;
/** A period longer than this says nothing about congestion now, and would be spread over too many roll-up buckets. */
export const MAX_PERIOD_SECONDS = 21_600;
/** A probe that sends local time as UTC is wrong by up to 14 hours; past a day the date itself is wrong. */
export const MAX_FUTURE_SKEW_MS = 24 * 3_600_000;
/** The roll-ups reach back a year; older reports have nowhere to go. */
export const MAX_REPORT_AGE_MS = 365 * 24 * 3_600_000;
/** Below this a difference of clocks is the network's delay and not worth a word. */
export const SKEW_SHOWN_MS = 5_000;
/** Delays of a late spool shrink from report to report, those of a wrong clock stay: this many tell them apart. */
export const SKEW_WINDOW_REPORTS = 8;
export const SKEW_MIN_REPORTS = 3;

/** The rates of a probe that its next value is judged by, and how many it needs before it can be judged. */
export const JUMP_HISTORY_READINGS = 12;
export const JUMP_MIN_READINGS = 6;
/** Day and night differ by about 10; a hundredfold change between two periods is a defect of the probe. */
export const JUMP_FACTOR = 100;
/** Rates below this (8 kbit/s a user) count as this in the comparison: near-idle sub-domains jump all the time. */
export const JUMP_FLOOR_BYTES_PER_SECOND = 1_000;
/** What is usual follows with this time constant: day and night even out, and a hundredfold change takes more than a day. */
export const USUAL_FOLLOWS_MS = 24 * 3_600_000;
/** 10 Gbit/s for every user at once: above any access line there is. */
export const MAX_PLAUSIBLE_BYTES_PER_USER_SECOND = 1.25e9;

/** A reading counts in full for two periods and this grace, then fades to nothing over four periods and twice the grace. */
export const LATE_GRACE_MS = 30_000;
/** A BRAS counts its sessions at least every hour; its number fades like a reading with this period. */
export const USERS_VALID_MS = 2 * 3_600_000;
/** Agents report every 30 s to minutes: in full for three minutes, gone after fifteen. */
export const CAPABILITY_FRESH_MS = 180_000;
export const CAPABILITY_GONE_MS = 900_000;
/** A home line's uplink where the operator names no plan: 1 Gbit/s; and an own cache's: 100 Gbit/s. */
export const DEFAULT_PLAN_UPLINK_BPS = 1e9;
export const DEFAULT_CACHE_UPLINK_BPS = 1e11;
/** Nodes whose capability is remembered; each costs about 300 bytes. */
export const MAX_CAPABILITY_NODES = 200_000;

/** Reports that wait for one commit. A commit costs one fsync, so a few milliseconds of waiting buys hundreds of reports. */
export const GROUP_COMMIT_DELAY_MS = 4;
/** More waiting work than this means that the disk does not keep up: callers are told to come back. */
export const MAX_PENDING_JOBS = 20_000;
/** Listeners (recompiling the policy) hear of changes at most this often. */
export const CHANGE_SPACING_MS = 250;
/** An accepted report must count within a second, whatever it costs. */
export const MAX_CHANGE_SPACING_MS = 800;
/** Readings fade without anyone reporting; listeners are told this often while something fades. */
export const FADE_CHECK_MS = 5_000;

/** Raw reports and their sequences are kept this long after arrival; roll-ups a year after their time. */
export const RAW_KEPT_MS = 24 * 3_600_000;
export const ROLL_UPS_KEPT_MS = 366 * 24 * 3_600_000;
export const PRUNE_EVERY_MS = 60_000;
/** Reports deleted in one transaction: a few milliseconds in which nothing else commits. */
export const PRUNE_CHUNK_REPORTS = 500;
