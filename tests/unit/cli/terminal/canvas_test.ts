import { assertEquals } from "@std/assert";
import { Canvas } from "../../../../src/cli/terminal/canvas.ts";

Deno.test("a canvas replaces each drawing by the next drawing, and clear() removes the last drawing", () => {
  let written = "";
  const canvas = new Canvas({
    write: () => {},
    writeError: () => {},
    draw: (text) => written += text,
    interactive: true,
    interactiveError: true,
    color: false,
    columns: 80,
    ask: () => Promise.resolve(null),
  });
  canvas.draw(["one", "two"]);
  assertEquals(written, "\rone\x1b[K\ntwo\x1b[K\n\x1b[J");
  written = "";
  canvas.draw(["three"]);
  assertEquals(written, "\x1b[2A\rthree\x1b[K\n\x1b[J");
  written = "";
  canvas.clear();
  assertEquals(written, "\x1b[1A\r\x1b[J");
});
