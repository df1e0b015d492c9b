/**
 * Parses Prometheus's text format. It throws an error for each violation of the format or of its conventions.
 *
 * Why the tests have a parser of their own: they need values to assert on, also where promtool is not installed. promtool gives no
 * values, and the package parse-prometheus-text-format accepts invalid lines. In CI promtool judges the same output (metrics_test.ts).
 *
 * Source: Prometheus documentation, "Exposition formats" (text format 0.0.4) and "Metric and label naming".
 *
 * @module
 */

/** A metric and its samples. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** The names of the labels of its samples, in order, without `le`. */
  readonly labels: readonly string[];
  readonly samples: readonly Sample[];
}

/** A sample of a metric: one line of the text. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const SAMPLE = /^([a-zA-Z_][a-zA-Z0-9_]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$|^[+-]Inf$|^NaN$/i;

/** Parses a text in Prometheus's format. Throws a SyntaxError that quotes the first invalid line. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new SyntaxError("the last line does not end");
  const families = new Map<string, Family & { readonly samples: Sample[]; labels: string[] }>();
  let current: (Family & { readonly samples: Sample[]; labels: string[] }) | undefined;
  let helped: { name: string; help: string } | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const fail = (why: string) => new SyntaxError(`${why}: ${line}`);
    const [, name = "", help = ""] = /^# HELP (\S+) (.+)$/.exec(line) ?? [];
    const [, typed = "", type = ""] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (line === "") continue;
    if (name !== "") {
      if (!NAME.test(name) || families.has(name)) throw fail("not a new metric's name");
      helped = { name, help };
    } else if (typed !== "") {
      if (helped?.name !== typed) throw fail("a type without the help before it");
      current = { name: typed, type: type as Family["type"], help: helped.help, labels: [], samples: [] };
      families.set(typed, current);
      helped = undefined;
    } else {
      const sample = parseSample(line);
      if (sample === undefined) throw fail("not a sample");
      if (current === undefined || !belongs(sample, current)) {
        throw fail("not a sample of the metric above it");
      }
      const labels = Object.keys(sample.labels).filter((label) => label !== "le");
      if (current.samples.length === 0) current.labels = labels;
      if (labels.join() !== current.labels.join()) throw fail("labels unlike those of the sample before it");
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) check(family);
  return families;
}

/** Returns the value of the sample with these labels. The label `fleet` counts only if `labels` has it. */
export function value(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name.replace(/_count$/, "")) ?? families.get(name);
  return family?.samples.find((sample) =>
    sample.name === name && Object.keys({ fleet: "", ...labels }).length ===
      Object.keys({ fleet: "", ...sample.labels }).length &&
    Object.entries(labels).every(([label, text]) => sample.labels[label] === text)
  )?.value;
}

/** How much a histogram has counted. */
export function count(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  return value(families, `${name}_count`, labels);
}

function parseSample(line: string): Sample | undefined {
  const [, name, inner = "", value = ""] = SAMPLE.exec(line) ?? [];
  if (name === undefined || !NUMBER.test(value)) return undefined;
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inner.length) {
    const [, label = "", text = ""] = LABEL.exec(inner) ?? [];
    if (label === "" || Object.hasOwn(labels, label)) return undefined;
    labels[label] = text.replaceAll(/\\(.)/g, (_, it) => (it === "n" ? "\n" : it));
  }
  return { name, labels, value: Number(value.replace("Inf", "Infinity")) };
}

function belongs({ name }: Sample, family: Family): boolean {
  return family.type === "histogram"
    ? ["_bucket", "_sum", "_count"].some((end) => name === family.name + end)
    : name === family.name;
}

function check({ name, type, labels, samples }: Family): void {
  const fail = (why: string) => new SyntaxError(`${name}: ${why}`);
  if ((type === "counter") !== name.endsWith("_total")) {
    throw fail("a counter's name ends in _total, no other's");
  }
  if (/(_ms|_millis|_minutes|_kb|_kib)(_|$)/.test(name)) throw fail("base units are seconds and bytes");
  if (samples.length === 0) throw fail("it has no sample");
  const key = ({ name, labels }: Sample) => JSON.stringify([name, labels]);
  if (new Set(samples.map(key)).size !== samples.length) throw fail("a series is there twice");
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) throw fail("a counter below 0");
  if (type !== "histogram") return;
  const series = Map.groupBy(samples, ({ labels: all }) => JSON.stringify(labels.map((label) => all[label])));
  for (const all of series.values()) {
    const buckets = all.filter((it) => it.name.endsWith("_bucket"));
    const bounds = buckets.map(({ labels }) => Number((labels["le"] ?? "").replace("Inf", "Infinity")));
    const values = buckets.map(({ value }) => value);
    const rises = (list: readonly number[]) =>
      list.every((value, i) => i === 0 || value >= (list[i - 1] ?? 0));
    if (bounds.at(-1) !== Infinity || !rises(bounds)) throw fail("its bounds do not rise to +Inf");
    if (!rises(values)) throw fail("its buckets are not cumulative");
    const count = all.filter((it) => it.name === `${name}_count`);
    const sums = all.filter((it) => it.name === `${name}_sum`);
    if (count.length !== 1 || sums.length !== 1 || count[0]?.value !== values.at(-1)) {
      throw fail("its count is not that of its last bucket");
    }
  }
}
