/**
 * The firings of cron expressions equal those of a minute-by-minute search in Python, whose zoneinfo shares no code with Temporal.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { firings } from "../../src/settings/schedules/cron.ts";
import { program, testWith } from "../support/needs.ts";
import { seedOf, sizeOf } from "./proofs.ts";

/** Zones with summer time of an hour and of half an hour, at midnight, in the southern hemisphere, around Ramadan, and none. */
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "America/Santiago",
  "Africa/Casablanca",
  "Pacific/Chatham",
  "Asia/Beirut",
  "America/St_Johns",
  "Asia/Kathmandu",
  "UTC",
];

const EXPRESSIONS = [
  "0 9 * * MON-FRI",
  "0 0 * * *",
  "30 0 * * *",
  "0 1 * * *",
  "30 1 * * *",
  "15 2 * * *",
  "0,30 2 * * *",
  "59 2 * * *",
  "0 3 * * *",
  "45 2 * * SUN",
  "*/20 2 * * *",
  "*/15 * * * *",
  "30 * * * *",
  "7 */2 * * *",
  "0 1-3 * * *",
  "10-20/5 0-3 * * *",
  "0 0 1 * *",
  "0 12 31 * *",
  "0 0 29 2 *",
  "30 2 28-31 3 *",
  "30 2 25-31 10 SUN",
  "0 0 13 * 5",
  "0 6 1,15 * MON",
  "0 0 * 1,7 *",
  "5 4 * * 7",
  "5 4 * * 0",
  "0 22 * * FRI,SAT",
  "0 8-18/2 * 3-10 1-5",
  "*/30 0 * * *",
  "0 2 */7 * *",
];

/** Past years: the zones' rules for years to come change, and two programs may know different ones. */
const [FIRST, LAST] = [2020, 2024];

async function inPython(zone: string): Promise<number[][]> {
  const script = new URL("schedules/firings.py", import.meta.url).pathname;
  await using child = new Deno.Command("python3", {
    args: [script, zone, String(FIRST), String(LAST)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(EXPRESSIONS.join("\n")));
  await writer.close();
  const { code, stdout } = await child.output();
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) =>
    line === "" ? [] : line.split(" ").map(Number)
  );
}

/** When an expression fires, in minutes since the epoch. */
function here(cron: string, timezone: string): number[] {
  const end = Date.UTC(LAST + 1, 0, 1);
  const found: number[] = [];
  for (const at of firings({ cron, timezone }, Date.UTC(FIRST, 0, 1) - 1)) {
    if (at >= end) break;
    found.push(at / 60_000);
  }
  return found;
}

testWith(
  [program("python3")],
  "schedules fire when a minute-by-minute search in Python finds that they do",
  async () => {
    const size = sizeOf("schedules");
    const begin = seedOf() % ZONES.length;
    const zones = Array.from({ length: size }, (_, i) => ZONES[(begin + i) % ZONES.length] ?? "UTC");
    let compared = 0;
    for (const zone of zones) {
      const expected = await inPython(zone);
      for (const [i, cron] of EXPRESSIONS.entries()) {
        const [found, wanted] = [here(cron, zone), expected[i] ?? []];
        const at = found.findIndex((minute, j) => minute !== wanted[j]);
        const dates = (minutes: number[]) =>
          minutes.slice(Math.max(0, at - 1), at + 2).map((minute) => new Date(minute * 60_000).toISOString());
        assertEquals(
          [found.length, at],
          [wanted.length, -1],
          `${cron} in ${zone}: ${dates(found)}, ${dates(wanted)}`,
        );
        compared += found.length;
      }
    }
    const report = `schedules: ${compared} firings of ${EXPRESSIONS.length} expressions in ${
      zones.join(", ")
    }\n`;
    Deno.stdout.writeSync(new TextEncoder().encode(report));
  },
);
