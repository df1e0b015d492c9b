import { assertEquals } from "@std/assert";
import { Progress } from "../../../../src/cli/terminal/progress.ts";
import { captured } from "../captured.ts";

/** The progress of a command, with a clock that the test sets. */
function progress({ color = false, quiet = false } = {}) {
  const { terminal, err } = captured({ color, columns: 20 });
  const clock = { now: 0 };
  return { progress: new Progress(terminal, quiet, () => clock.now), clock, err };
}

/** Returns the text that is visible on the progress line. */
function shown(err: string): string {
  return err.split("\r\x1b[K").at(-1) ?? "";
}

Deno.test("on a terminal, progress is one line that is cut to the width and cleared before other output", () => {
  const { progress: p, err } = progress({ color: true });
  p.show("名".repeat(30));
  assertEquals(err(), `\r\x1b[K${"名".repeat(9)}`);
  p.clear();
  p.clear();
  assertEquals(err(), `\r\x1b[K${"名".repeat(9)}\r\x1b[K`);
});

Deno.test("progress with its duration appears again after each second without output", () => {
  const { progress: p, clock, err } = progress({ color: true });
  using _ = p.during("Waiting");
  clock.now = 999;
  p.tick();
  assertEquals(shown(err()), "");
  clock.now = 1_000;
  p.tick();
  assertEquals(shown(err()), "Waiting, 1 s");
  clock.now = 5_000;
  p.show("start i-1");
  assertEquals(shown(err()), "start i-1");
  clock.now = 7_500;
  p.show("start i-1");
  assertEquals(shown(err()), "start i-1, 2 s");
});

Deno.test("kas shows no progress while a question waits for an answer", () => {
  const { progress: p, clock, err } = progress({ color: true });
  using _ = p.during("Waiting");
  p.clear(Infinity);
  clock.now = 60_000;
  p.tick();
  assertEquals(err(), "");
  p.clear();
  clock.now = 61_000;
  p.tick();
  assertEquals(shown(err()), "Waiting, 61 s");
});

Deno.test("without a terminal, progress is one line every ten seconds, and no line with --quiet", () => {
  for (const [quiet, expected] of [[false, "step 10\nstep 20\n"], [true, ""]] as const) {
    const { progress: p, clock, err } = progress({ quiet });
    for (let second = 1; second <= 25; second++) {
      clock.now = second * 1_000;
      p.show(`step ${second}`);
    }
    p.clear();
    assertEquals(err(), expected);
  }
});
