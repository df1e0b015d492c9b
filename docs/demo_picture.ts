/**
 * Draws docs/demo.svg from the recording of a real demo:
 *
 *     script -qec "stty cols 121 rows 44; deno task demo" demo.log
 *     deno run --allow-read --allow-write docs/demo_picture.ts demo.log
 *
 * @module
 */
import { escape } from "@std/html/entities";
import { stripVTControlCharacters } from "node:util";

/** The width of a character, the height of a line, and the left and top margins, in pixels. */
const [CHARACTER, LINE, LEFT, TOP] = [8, 18, 16, 30.4];

/** How many of the latest decisions the picture shows. */
const DECISIONS = 6;

const GREY = "#8f96a3";

/** The sequence that moves the cursor up. The demo writes it before each screen but the first. */
const CURSOR_UP = /\p{Cc}\[\d+A/u;

/** Splits a recording into its screens. */
function screens(recording: string): string[][] {
  return recording.split(CURSOR_UP).map((screen) =>
    stripVTControlCharacters(screen).split("\n").map((line) => line.trimEnd())
  );
}

function color(line: string): string {
  if (line.startsWith("$") || /^ {3}[A-Z ]+$/.test(line)) return GREY;
  if (line.startsWith("✓")) return "#8bd49c";
  if (line.startsWith("▶")) return "#f2cc60";
  return /^ {2}\d\d:/.test(line) ? "#a9b7d0" : "#d6d9e0";
}

/** Draws a screen as SVG. */
function draw(lines: readonly string[]): string {
  const width = 2 * LEFT + CHARACTER * Math.max(...lines.map((line) => [...line].length));
  const height = Math.round(TOP + LINE * lines.length);
  const texts = lines.map((line, i) => {
    const length = CHARACTER * [...line].length;
    const y = (TOP + LINE * i).toFixed(1);
    return `<text x="${LEFT}" y="${y}" textLength="${length}" lengthAdjust="spacing" fill="${color(line)}">${
      escape(line)
    }</text>`;
  }).filter((_, i) => lines[i] !== "");
  const label = "The demo in a terminal: steps, instances, and the latest decisions with their reasons";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">
<rect width="${width}" height="${height}" rx="8" fill="#16181d"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13.3" xml:space="preserve">
${texts.join("\n")}
</g>
</svg>
`;
}

if (import.meta.main) {
  const [recording = ""] = Deno.args;
  const shown = screens(await Deno.readTextFile(recording)).findLast((lines) =>
    lines.some((line) => /^▶ {2}6 .*[1-9] s left/.test(line))
  );
  if (shown === undefined) throw new Error(`${recording} shows no demo in its sixth step`);
  const decisions = shown.findIndex((line) => /^ {2}\d\d:/.test(line));
  const lines = ["$ npx -y deno@2 task demo", "", ...shown.slice(1, decisions + DECISIONS)];
  await Deno.writeTextFile(
    new URL("demo.svg", import.meta.url),
    draw(lines),
  );
}
