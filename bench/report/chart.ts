/**
 * Draws the chart as SVG: panels of bars in two columns, for light and dark backgrounds.
 *
 * @module
 */
import { figure } from "./report.ts";
import type { Panel } from "./result.ts";

const WIDTH = 1_000;
const MARGIN = 24;
const GAP = 44;
const PANEL = (WIDTH - 2 * MARGIN - GAP) / 2;
/** Width of the labels, in pixels. */
const LABELS = 206;
/** Width of the figure after the longest bar, in pixels. */
const FIGURES = 74;
const HEAD = 54;
const ROW = 30;
const BAR = 18;

const STYLE = `
  svg { color-scheme: light dark; font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
  .page { fill: #ffffff; } .title { font-size: 15px; font-weight: 600; fill: #1f2328; }
  .unit, .label { fill: #59636e; } .figure { fill: #1f2328; } .ours { font-weight: 600; fill: #1f2328; }
  .bar { fill: #afb8c1; } .bar.own { fill: #1a7f64; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; } .title, .figure, .ours { fill: #f0f6fc; } .unit, .label { fill: #9198a1; }
    .bar { fill: #4b535d; } .bar.own { fill: #3fb68b; }
  }`;

/** Draws the panels. */
export function chart(panels: readonly Panel[]): string {
  const rows = Array.from({ length: Math.ceil(panels.length / 2) }, (_, i) => panels.slice(2 * i, 2 * i + 2));
  const heights = rows.map((row) => HEAD + ROW * Math.max(...row.map(({ bars }) => bars.length)));
  const height = heights.reduce((sum, each) => sum + each + MARGIN, MARGIN);
  let top = MARGIN;
  const drawn = rows.flatMap((row, i) => {
    const here = top;
    top += (heights[i] ?? 0) + MARGIN;
    return row.map((panel, column) => group(panel, MARGIN + column * (PANEL + GAP), here));
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${
    escape(panels.map(({ title }) => title).join("; "))
  }">
<style>${STYLE}
</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>
${drawn.join("\n")}
</svg>
`;
}

function group({ title, unit, better, bars }: Panel, left: number, top: number): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const lines = bars.map(({ label, value, ours }, i) => {
    const y = HEAD + i * ROW;
    const width = most === 0 ? 0 : (value / most) * (PANEL - LABELS - FIGURES);
    const middle = y + BAR / 2 + 4.5;
    return `<text class="${ours ? "ours" : "label"}" x="${LABELS - 10}" y="${middle}" text-anchor="end">${
      escape(label)
    }</text>` +
      `<rect class="bar${ours ? " own" : ""}" x="${LABELS}" y="${y}" width="${
        Math.max(2, width).toFixed(1)
      }" height="${BAR}" rx="3"/>` +
      `<text class="${ours ? "ours" : "figure"}" x="${
        (LABELS + Math.max(2, width) + 8).toFixed(1)
      }" y="${middle}">${figure(value)}</text>`;
  });
  return `<g transform="translate(${left} ${top})">
<text class="title" y="15">${escape(title)}</text>
<text class="unit" y="35">${escape(unit)}, ${better} is better</text>
${lines.join("\n")}
</g>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
