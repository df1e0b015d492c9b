"""Prints when cron expressions fire in a time zone, found minute by minute with zoneinfo.

usage: firings.py ZONE FIRST_YEAR LAST_YEAR, with one expression a line on stdin.
For each expression one line: the minutes since the epoch at which it fires, separated by spaces.

The rules, written a second time:
- A minute fires if its local time matches. If day and weekday are both restricted, one of them is enough.
- The second time of a repeated local time fires only if the minute or the hour begins with "*".
- If a fixed hour has a matching local time that clocks skipped, the first minute after the gap fires.
"""
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

NAMES = {name: i for i, name in enumerate("SUN MON TUE WED THU FRI SAT".split())}


def values(field, low, high):
    found = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = (NAMES.get(end, None) if end in NAMES else int(end) for end in span.split("-"))
        else:
            first = NAMES[span] if span in NAMES else int(span)
            last = high if step else first
        found.update(range(first, last + 1, int(step or 1)))
    return found


class Expression:
    def __init__(self, text):
        minute, hour, day, month, weekday = text.split()
        self.minutes = values(minute, 0, 59)
        self.hours = values(hour, 0, 23)
        self.days = values(day, 1, 31)
        self.months = values(month, 1, 12)
        self.weekdays = {number % 7 for number in values(weekday, 0, 7)}
        self.any_day = day.startswith("*")
        self.any_weekday = weekday.startswith("*")
        self.every_hour = hour.startswith("*")
        self.wildcard = self.every_hour or minute.startswith("*")
        self.fired = []

    def matches(self, local):
        if local.minute not in self.minutes or local.hour not in self.hours or local.month not in self.months:
            return False
        day, weekday = local.day in self.days, (local.weekday() + 1) % 7 in self.weekdays
        return day or weekday if not self.any_day and not self.any_weekday else day and weekday


def main(zone, first_year, last_year):
    expressions = [Expression(line) for line in sys.stdin.read().splitlines()]
    tz = ZoneInfo(zone)
    at = int(datetime(first_year, 1, 1, tzinfo=timezone.utc).timestamp())
    end = int(datetime(last_year + 1, 1, 1, tzinfo=timezone.utc).timestamp())
    minute = timedelta(minutes=1)
    before = datetime.fromtimestamp(at - 60, tz)
    while at < end:
        local = datetime.fromtimestamp(at, tz)
        skipped = []
        expected = before.replace(tzinfo=None) + minute
        while expected < local.replace(tzinfo=None):
            skipped.append(expected)
            expected += minute
        for expression in expressions:
            fires = local.minute in expression.minutes and (local.fold == 0 or expression.wildcard) \
                and expression.matches(local)
            if not fires and skipped and not expression.every_hour:
                fires = any(expression.matches(time) for time in skipped)
            if fires:
                expression.fired.append(at // 60)
        before = local
        at += 60
    for expression in expressions:
        print(*expression.fired)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
