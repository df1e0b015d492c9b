import { assertEquals, assertThrows } from "@std/assert";
import { parseMoment, parseUntil } from "../../../../src/admin/journal/moment.ts";

const NOW = Date.UTC(2026, 10, 24, 8, 30, 15);

Deno.test("parseMoment() parses ISO 8601, a time of day in UTC, and a duration before now", () => {
  const parsed = (text: string) => new Date(parseMoment(text, NOW)).toISOString();
  assertEquals(parsed("2026-11-23T22:00:00.5Z"), "2026-11-23T22:00:00.500Z");
  assertEquals(parsed("2026-11-23T22:00+01:00"), "2026-11-23T21:00:00.000Z");
  assertEquals(parsed("2026-11-23T22:00"), "2026-11-23T22:00:00.000Z");
  assertEquals(parsed("2026-11-23"), "2026-11-23T00:00:00.000Z");
  assertEquals(parsed("08:30"), "2026-11-24T08:30:00.000Z");
  assertEquals(parsed("8:30:16"), "2026-11-23T08:30:16.000Z");
  assertEquals(parsed("10m"), "2026-11-24T08:20:15.000Z");
});

Deno.test("parseMoment() rejects all other texts", () => {
  for (const text of ["", "now", "25:00", "08:60", "10", "2026-13-01T00:00:00Z", "m"]) {
    assertThrows(() => parseMoment(text, NOW), TypeError);
  }
});

Deno.test("parseUntil() parses ISO 8601, and a time of day as the next one in UTC", () => {
  const parsed = (text: string) => new Date(parseUntil(text, NOW)).toISOString();
  assertEquals(parsed("2026-11-24T22:00+01:00"), "2026-11-24T21:00:00.000Z");
  assertEquals(parsed("8:30:16"), "2026-11-24T08:30:16.000Z");
  assertEquals(parsed("8:30:15"), "2026-11-25T08:30:15.000Z");
  assertEquals(parsed("08:30"), "2026-11-25T08:30:00.000Z");
});

Deno.test("parseUntil() rejects durations, times in the past, and all other texts", () => {
  for (const text of ["", "2h", "2026-11-24T08:30:15Z", "2026-11-23", "25:00", "tomorrow"]) {
    assertThrows(() => parseUntil(text, NOW), TypeError);
  }
});
