/** The limits of report intake, with reasons. Limits on request bodies are in `src/control-api/limits.ts`. */

/** More than any operator has. */
export const MAX_SUBDOMAINS_PER_REPORT = 10_000;
/** A longer period says nothing about current congestion, and would be spread over too many roll-up buckets. */
export const MAX_PERIOD_SECONDS = 21_600;
/** A probe that sends local time as UTC is wrong by up to 14 hours; above a day the date itself is wrong. */
export const MAX_FUTURE_SKEW_MS = 24 * 3_600_000;
/** The roll-ups reach back a year; older reports cannot be stored. */
export const MAX_REPORT_AGE_MS = 365 * 24 * 3_600_000;
/** A smaller difference of clocks is the network's delay and is not reported. */
export const SKEW_SHOWN_MS = 5_000;
/**
 * Delays of a late spool shrink from report to report, those of a wrong clock are constant; this many distinguish them.
 */
export const SKEW_WINDOW_REPORTS = 8;
export const SKEW_MIN_REPORTS = 3;

/** The rates of a probe by which its next value is judged, and the minimum number for a judgement. */
export const JUMP_HISTORY_READINGS = 12;
export const JUMP_MIN_READINGS = 6;
/** Day and night differ by about 10; a hundredfold change between two periods is a defect of the probe. */
export const JUMP_FACTOR = 100;
/** Lower rates (8 kbit/s per user) are compared as this rate: near-idle sub-domains vary all the time. */
export const JUMP_FLOOR_BYTES_PER_SECOND = 1_000;
/** The time constant of the usual rate: day and night average out, and a hundredfold change takes more than a day. */
export const USUAL_FOLLOWS_MS = 24 * 3_600_000;
/** 10 Gbit/s for every user at once: above any access line. */
export const MAX_PLAUSIBLE_BYTES_PER_USER_SECOND = 1.25e9;

/**
 * A probe that is configured should have reported this long after the start, or after `reports.freshness` if that is longer. The
 * usual period is five minutes; an agent that starts with the machine needs a little longer.
 */
export const FIRST_REPORT_MS = 15 * 60_000;
/** A reading counts in full for two periods and this grace, then fades to 0 over four periods and twice the grace. */
export const LATE_GRACE_MS = 30_000;
/** A BRAS counts its sessions at least every hour; its number fades like a reading with this period. */
export const USERS_VALID_MS = 2 * 3_600_000;
/** Agents report every 30 s to minutes: in full for three minutes, ignored after fifteen. */
export const CAPABILITY_FRESH_MS = 180_000;
export const CAPABILITY_GONE_MS = 900_000;
/** A home line's uplink if the operator configures none: 1 Gbit/s; and an own cache's: 100 Gbit/s. */
export const DEFAULT_PLAN_UPLINK_BPS = 1e9;
export const DEFAULT_CACHE_UPLINK_BPS = 1e11;
/** Nodes whose capability is stored; each costs about 300 bytes. */
export const MAX_CAPABILITY_NODES = 200_000;

/** How long reports wait for a shared commit. A commit costs one fsync, so a few milliseconds save hundreds of them. */
export const GROUP_COMMIT_DELAY_MS = 4;
/** More waiting work means that the disk is too slow: callers get 503 and retry. */
export const MAX_PENDING_JOBS = 20_000;
/** Listeners (which recompile the policy) are notified at most this often. */
export const CHANGE_SPACING_MS = 250;
/** An accepted report must take effect within a second, whatever the recompiling costs. */
export const MAX_CHANGE_SPACING_MS = 800;
/** Readings fade without a new report; listeners are notified this often while one fades. */
export const FADE_CHECK_MS = 5_000;

/** Raw reports and their sequences are stored this long after arrival; roll-ups for a year. */
export const RAW_KEPT_MS = 24 * 3_600_000;
export const ROLL_UPS_KEPT_MS = 366 * 24 * 3_600_000;
export const PRUNE_EVERY_MS = 60_000;
/** Reports deleted in one transaction, which blocks other commits for a few milliseconds. */
export const PRUNE_CHUNK_REPORTS = 500;
