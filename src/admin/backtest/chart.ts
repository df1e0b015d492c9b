/**
 * Draws a backtest as an SVG picture: a panel for each policy, with the instances that the load needs and those in service.
 *
 * @module
 */

/** What a chart shows. All arrays have a value for each second. */
export interface ChartData {
  readonly title: string;
  readonly seconds: number;
  /** The largest number of instances of the vertical axes. */
  readonly fleet: number;
  /** How many instances the load would keep at 100 %. */
  readonly demand: (second: number) => number;
  readonly needed: Uint16Array;
  readonly policies: readonly {
    readonly name: string;
    /** What became of the load, in words. */
    readonly note: string;
    readonly inService: Uint16Array;
  }[];
}

const WIDTH = 1_200;
const LEFT = 56;
const RIGHT = 16;
const TOP = 84;
const PANEL = 132;
const GAP = 44;
const BOTTOM = 28;
const PLOT = WIDTH - LEFT - RIGHT;

/** One column of the picture for each pixel. */
const COLUMNS = PLOT;

const COLORS = {
  text: "#24292f",
  muted: "#57606a",
  grid: "#d8dee4",
  needed: "#b6c2cf",
  demand: "#57606a",
  capacity: "#0969da",
  short: "#cf222e",
} as const;

/** Returns the picture. */
export function chartOf(data: ChartData): string {
  const { title, policies, fleet, seconds } = data;
  const height = TOP + policies.length * (PANEL + GAP) + BOTTOM;
  const panels = policies.map((policy, i) => panel(data, policy, TOP + i * (PANEL + GAP)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    text(LEFT, 24, title, { size: 16, weight: "600" }),
    legend(48),
    ...panels,
    ...timeAxis(seconds, TOP + policies.length * (PANEL + GAP) - GAP),
    text(LEFT, height - 12, `Instances of a fleet of ${fleet}.`, { color: COLORS.muted }),
    "</svg>",
    "",
  ].join("\n");
}

function panel(
  { needed, demand, fleet, seconds }: ChartData,
  { name, note, inService }: ChartData["policies"][number],
  top: number,
): string {
  const y = (instances: number) => top + PANEL * (1 - instances / fleet);
  const columns = columnsOf(seconds);
  const needs = columns.map(([from, to]) => highest(needed, from, to));
  const demands = columns.map(([from]) => Math.min(fleet, demand(from)));
  const capacity = columns.map(([from, to]) => mean(inService, from, to));
  const short = columns.map(([from, to]) => isShort(needed, inService, from, to));
  return [
    text(LEFT, top - 8, name, { weight: "600" }),
    text(WIDTH - RIGHT, top - 8, note, { color: COLORS.muted, anchor: "end" }),
    ...[0, fleet / 2, fleet].map((value) => grid(y(value), Number(value.toFixed(1)))),
    `<path d="${area(needs.map(y), y(0))}" fill="${COLORS.needed}"/>`,
    `<path d="${line(demands.map(y))}" fill="none" stroke="${COLORS.demand}" stroke-width="0.7"/>`,
    `<path d="${line(capacity.map(y))}" fill="none" stroke="${COLORS.capacity}" stroke-width="1.4"/>`,
    `<path d="${marks(short, top + PANEL + 4)}" stroke="${COLORS.short}" stroke-width="5"/>`,
  ].join("\n");
}

/** Returns the seconds of each column: from the first to before the second number. */
function columnsOf(seconds: number): (readonly [from: number, to: number])[] {
  const count = Math.min(COLUMNS, seconds);
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * seconds) / count),
    Math.floor(((i + 1) * seconds) / count),
  ]);
}

function highest(values: Uint16Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; i++) most = Math.max(most, values[i] ?? 0);
  return most;
}

function mean(values: Uint16Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] ?? 0;
  return to > from ? sum / (to - from) : 0;
}

function isShort(needed: Uint16Array, inService: Uint16Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if ((inService[i] ?? 0) < (needed[i] ?? 0)) return true;
  return false;
}

/** Returns the horizontal place of a column. */
function x(i: number, count: number): string {
  return (LEFT + (i * PLOT) / count).toFixed(1);
}

/** A line with steps: each value lasts until the next one. */
function line(ys: readonly number[]): string {
  return ys.map((y, i) => `${i === 0 ? "M" : "L"}${x(i, ys.length)} ${y.toFixed(1)}H${x(i + 1, ys.length)}`)
    .join("");
}

function area(ys: readonly number[], base: number): string {
  return `${line(ys)}V${base.toFixed(1)}H${LEFT}Z`;
}

/** A mark in each column that is true. */
function marks(columns: readonly boolean[], y: number): string {
  return columns.flatMap((isMarked, i) =>
    isMarked ? [`M${x(i, columns.length)} ${y}H${x(i + 1, columns.length)}`] : []
  ).join("");
}

function grid(y: number, label: number): string {
  return `<path d="M${LEFT} ${y.toFixed(1)}H${WIDTH - RIGHT}" stroke="${COLORS.grid}"/>` +
    text(LEFT - 8, y + 4, `${label}`, { color: COLORS.muted, anchor: "end" });
}

const DAY = 86_400;

/** The times at the bottom: days, or hours or minutes of a shorter load. */
function timeAxis(seconds: number, y: number): string[] {
  const units = [[DAY, "day"], [3_600, "h"], [60, "min"], [1, "s"]] as const;
  const [unit, name] = units.find(([unit]) => seconds >= 2 * unit) ?? [1, "s"];
  const every = Math.max(1, Math.ceil(seconds / unit / 12));
  const labels: string[] = [];
  for (let i = 0; i * unit <= seconds; i += every) {
    const at = LEFT + (PLOT * i * unit) / seconds;
    labels.push(
      text(at, y + 26, name === "day" ? `day ${i}` : `${i} ${name}`, {
        color: COLORS.muted,
        anchor: at > WIDTH - RIGHT - 30 ? "end" : "middle",
      }),
    );
  }
  return labels;
}

function legend(y: number): string {
  const entries = [
    ["in service", COLORS.capacity],
    ["needed for 80 % CPU", COLORS.needed],
    ["demand at 100 % CPU", COLORS.demand],
    ["short", COLORS.short],
  ] as const;
  return entries.map(([label, color], i) => {
    const at = LEFT + i * 190;
    return `<rect x="${at}" y="${y - 9}" width="14" height="10" fill="${color}"/>` +
      text(at + 20, y, label, { color: COLORS.muted });
  }).join("\n");
}

function text(
  at: number,
  y: number,
  content: string,
  { size = 13, weight = "400", color = COLORS.text as string, anchor = "start" } = {},
): string {
  return `<text x="${at.toFixed(1)}" y="${
    y.toFixed(1)
  }" font-size="${size}" font-weight="${weight}" fill="${color}" ` +
    `text-anchor="${anchor}">${escape(content)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  )
    .replaceAll(/\p{Cc}/gu, " ");
}
