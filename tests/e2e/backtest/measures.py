"""Prints how well a fleet followed a load, as JSON. It judges the simulation's own measures a second time.

usage: measures.py LOAD SERIES [--peak INSTANCES] [--fleet INSTANCES] [--days DAYS]

LOAD is a CSV file with a header and the columns time,value. A time is a number of seconds, or a date and time. Each value holds
until the next row, and the last one as long as the row before it. Only the first DAYS count. The values are multiplied so that the
highest of them is PEAK instances at 100 % CPU. With --peak 0 the values are instances already.

SERIES is a CSV file with a header and the columns seconds,in_service,billed: instances from that second until the next row. The
seconds begin with the load. The first row is at 0.

The measures (s in service, d needed, T seconds of the load):
- d = max(1, ceil(demand / 0.80)), at most the fleet.
- under_s: seconds with d > s. over_instance_s: the sum of max(s - d, 0) dt.
- under_share = under_s / T. over_share = over_instance_s / the sum of d dt.
- theta_u = 100/T sum max(d - s, 0)/d dt, theta_o = 100/T sum max(s - d, 0)/d dt.
- tau_u = 100/T sum [d > s] dt, tau_o = 100/T sum [s > d] dt.

All sums are exact fractions. Rounding happens only in the output.
"""
import argparse
import csv
import json
import sys
from datetime import datetime
from fractions import Fraction
from math import ceil

# The share of an instance's CPU up to which it is loaded well.
UTILIZATION = Fraction(80, 100)
DAY = 86_400


def rows(path):
    with open(path, newline="") as file:
        found = list(csv.reader(file))[1:]
    if not found:
        sys.exit(f"{path} has no rows")
    return found


def seconds(text):
    try:
        return Fraction(text)
    except ValueError:
        return Fraction((datetime.fromisoformat(text) - datetime(1970, 1, 1)).total_seconds())


def steps(points, end):
    """Returns (from, to, value) of points (time, value), each held until the next, and until end at most."""
    times = [time for time, _ in points]
    if any(later < earlier for earlier, later in zip(times, times[1:])):
        sys.exit("the times go backwards")
    ends = times[1:] + [end]
    return [(at, min(to, end), value) for (at, value), to in zip(points, ends) if at < min(to, end)]


def needed_steps(path, peak, fleet, days):
    read = [(seconds(time), Fraction(value)) for time, value in rows(path)]
    first = read[0][0]
    points = [(at - first, value) for at, value in read if at - first < days * DAY]
    last = points[-1][0]
    held = last - points[-2][0] if len(points) > 1 else Fraction(0)
    end = min(last + held, days * DAY)
    highest = max(value for _, value in points)
    scale = peak / highest if peak and highest else Fraction(1)
    needed = [(at, min(fleet, max(1, ceil(value * scale / UTILIZATION)))) for at, value in points]
    return steps(needed, end), end


def together(left, right):
    """Returns (duration, left value, right value) of the overlaps of two lists of steps."""
    i = j = 0
    while i < len(left) and j < len(right):
        begin = max(left[i][0], right[j][0])
        end = min(left[i][1], right[j][1])
        if begin < end:
            yield end - begin, left[i][2], right[j][2]
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1


def measures(needed, series, total):
    under = under_excess = over = over_excess = over_time = needed_sum = billed_sum = judged = Fraction(0)
    for duration, d, (s, billed) in together(needed, series):
        judged += duration
        needed_sum += d * duration
        billed_sum += billed * duration
        if d > s:
            under += duration
            under_excess += Fraction(d - s, d) * duration
        if s > d:
            over_time += duration
            over += (s - d) * duration
            over_excess += Fraction(s - d, d) * duration
    if judged != total:
        sys.exit(f"the series covers {float(judged)} s of the load's {float(total)} s")
    return {
        "under_s": under,
        "over_instance_s": over,
        "under_share": under / total,
        "over_share": over / needed_sum,
        "theta_u": 100 * under_excess / total,
        "theta_o": 100 * over_excess / total,
        "tau_u": 100 * under / total,
        "tau_o": 100 * over_time / total,
        "needed_instance_s": needed_sum,
        "billed_instance_s": billed_sum,
        "seconds": total,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("load")
    parser.add_argument("series")
    parser.add_argument("--peak", type=Fraction, default=Fraction(16))
    parser.add_argument("--fleet", type=int, default=20)
    parser.add_argument("--days", type=Fraction, default=Fraction(7))
    options = parser.parse_args()
    needed, total = needed_steps(options.load, options.peak, options.fleet, options.days)
    points = [(Fraction(at), (int(s), int(billed))) for at, s, billed in rows(options.series)]
    result = measures(needed, steps(points, total), total)
    print(json.dumps({name: float(value) for name, value in result.items()}))


if __name__ == "__main__":
    main()
