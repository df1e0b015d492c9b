/**
 * When a cron expression fires in a time zone.
 *
 * croner reads the expression and finds the local times; it is well kept, has no dependencies, and follows cron where day and weekday
 * are both given. Temporal converts a local time to an instant: croner 11 skips the spring gap if the hour has several times.
 *
 * @module
 */
import { Cron } from "croner";

/** Error: an expression is not a cron expression of five fields, or a time zone is unknown. */
export class CronError extends Error {
  override readonly name = "CronError";
}

/** A cron expression of five fields, and the IANA time zone in which it applies. */
export interface CronSchedule {
  readonly cron: string;
  readonly timezone: string;
}

/**
 * Checks an expression and a time zone.
 *
 * @throws {CronError} if kas cannot use them
 */
export function checkCron({ cron, timezone }: CronSchedule): void {
  localTimes(cron);
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timezone);
  } catch (cause) {
    throw new CronError(`the time zone "${timezone}" is unknown`, { cause });
  }
}

/**
 * Yields the instants at which a schedule fires after an instant, in ms since the epoch, the earliest first.
 *
 * - A local time in the gap when clocks are set forward fires at the end of the gap. An expression for every hour has no firing there, as
 *   it fires in the hours before and after.
 * - In the hour that clocks repeat, a fixed time fires once, the first time. An expression with `*` as its minute or hour fires in both.
 *
 * The generator ends if the expression never fires again.
 *
 * @throws {CronError} if kas cannot use the expression or the time zone
 */
export function* firings(schedule: CronSchedule, after: number): Generator<number, void, undefined> {
  checkCron(schedule);
  let last = after;
  for (const instant of instants(schedule, after)) {
    if (instant <= last) continue;
    yield last = instant;
  }
}

/** No time zone has had a transition of more than a day. Source: Samoa skipped a day in 2011. */
const LONGEST_TRANSITION = 86_400_000;

/** The instants from some time before `after`, each once or more, in ascending order. */
function* instants({ cron, timezone }: CronSchedule, after: number): Generator<number, void, undefined> {
  const [minute = "", hour = ""] = cron.trim().split(/\s+/);
  const everyHour = hour.startsWith("*");
  const bothTimes = everyHour || minute.startsWith("*");
  const from = Temporal.Instant.fromEpochMilliseconds(after - LONGEST_TRANSITION).toZonedDateTimeISO(
    timezone,
  );
  let repeated: number[] = [];
  for (const local of localTimes(cron, from.toPlainDateTime())) {
    const first = local.toZonedDateTime(timezone, { disambiguation: "earlier" });
    const second = local.toZonedDateTime(timezone, { disambiguation: "later" });
    const exists = first.toPlainDateTime().equals(local);
    const isRepeated = exists && first.epochMilliseconds !== second.epochMilliseconds;
    if (!isRepeated) {
      yield* repeated;
      repeated = [];
    }
    if (exists) yield first.epochMilliseconds;
    else if (!everyHour) yield endOfGap(first);
    if (isRepeated && bothTimes) repeated.push(second.epochMilliseconds);
  }
  yield* repeated;
}

/** The instant at which clocks are next set, in ms since the epoch. */
function endOfGap(before: Temporal.ZonedDateTime): number {
  return before.getTimeZoneTransition("next")?.epochMilliseconds ?? before.epochMilliseconds;
}

/** Yields the local times that an expression matches, from a local time on. They are enumerated as times in UTC, which has no gaps. */
function localTimes(
  expression: string,
  from?: Temporal.PlainDateTime,
): Iterable<Temporal.PlainDateTime> {
  // croner also reads nicknames such as @daily.
  if (expression.trim().split(/\s+/).length !== 5) {
    throw new CronError(
      `"${expression}" is no cron expression of five fields: minute, hour, day, month, weekday`,
    );
  }
  let cron: Cron;
  try {
    cron = new Cron(expression, { timezone: "UTC", mode: "5-part", paused: true });
  } catch (cause) {
    throw new CronError(`"${expression}" is no cron expression: ${text(cause)}`, { cause });
  }
  return {
    *[Symbol.iterator]() {
      let next: Date | null = from === undefined ? new Date() : new Date(`${from.toString()}Z`);
      while ((next = cron.nextRun(next)) !== null) {
        yield Temporal.PlainDateTime.from(next.toISOString().slice(0, -1));
      }
    },
  };
}

/** croner's own sentence without its prefix. */
function text(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
}
