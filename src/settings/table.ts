/**
 * The settings: one table of names, environment variables, defaults, parsers and help. A command takes the rows it needs
 * as its options; `docs/settings.md` is generated from the same rows. This is the one place that reads the environment.
 *
 * @module
 */

/** A row of the table, in the shape of a command's option. */
export interface Setting<T> {
  readonly placeholder?: string;
  readonly help: string;
  readonly parse: (text: string) => T;
  readonly default?: string;
  readonly env: readonly string[];
  /** The setting that this one is given instead of. */
  readonly excludes?: string;
}

function setting<
  T,
  const D extends { default?: string; placeholder?: string; env?: readonly string[]; excludes?: string },
>(
  name: string,
  parse: (text: string) => T,
  help: string,
  more: D,
): Setting<T> & D & { readonly env: readonly string[] } {
  const own = "KAS_" + name.toUpperCase().replaceAll("-", "_");
  return { help, parse, ...more, env: [own, ...more.env ?? []] };
}

/** A config file that can't be read: the operator's input, as much as a flag is. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Every setting by its flag's name in camelCase. */
export const SETTINGS = {
  fleet: setting("fleet", fleetName, "the fleet: instances tagged kas:fleet=NAME", {
    placeholder: "NAME",
    default: "kas",
  }),
  keyName: setting("key-name", text, "select a legacy fleet by its instances' key pair instead of the tag", {
    placeholder: "KEY",
  }),
  loadBalancer: setting("load-balancer", text, "its Classic Load Balancer; by default of the fleet's name", {
    placeholder: "NAME",
  }),
  targetGroup: setting(
    "target-group",
    targetGroupArn,
    "a target group of an Application or Network Load Balancer, instead of --load-balancer",
    { placeholder: "ARN", excludes: "loadBalancer" },
  ),
  topicArn: setting("topic-arn", topicArn, "the SNS topic that its alarms notify", { placeholder: "ARN" }),
  region: setting("region", text, "AWS region", {
    placeholder: "REGION",
    env: ["AWS_REGION", "AWS_DEFAULT_REGION"],
  }),
  profile: setting("profile", text, "profile of ~/.aws/config", {
    placeholder: "NAME",
    env: ["AWS_PROFILE"],
  }),
  endpointUrl: setting("endpoint-url", url, "another AWS endpoint, the sandbox's for one", {
    placeholder: "URL",
    env: ["AWS_ENDPOINT_URL"],
  }),
  listen: setting("listen", hostPort, "where to listen; port 0 picks a free one", {
    placeholder: "HOST:PORT",
  }),
  dryRun: setting("dry-run", flag, "say what would be done and change nothing", { default: "false" }),
  yes: setting("yes", flag, "do not ask", { default: "false" }),
  log: setting("log", oneOf("text", "json"), "form of the log on stderr", {
    placeholder: "text|json",
    default: "text",
  }),
  threads: setting("threads", integer(1, 1024), "threads that burn CPU for /work; by default one a CPU", {
    placeholder: "N",
  }),
  workMs: setting("work-ms", range, "how long one /work burns CPU, in ms", {
    placeholder: "MIN-MAX",
    default: "450-550",
  }),
  queue: setting(
    "queue",
    integer(0, 1_000_000),
    "waiting /work requests before 503; by default 100 a thread",
    {
      placeholder: "N",
    },
  ),
  drain: setting("drain", duration, "longest wait for requests under way at SIGTERM", {
    placeholder: "TIME",
    default: "30s",
  }),
  state: setting("state", text, "folder of the inbox and the journal", {
    placeholder: "DIR",
    default: "/var/lib/kas",
  }),
  pull: setting(
    "pull",
    flag,
    "scale by reading the alarms every --resync alone: without a topic, and without a port unless --listen is given",
    { default: "false" },
  ),
  min: setting(
    "min",
    integer(0, 100_000),
    "fewest instances in service; by default the base and control ones",
    {
      placeholder: "N",
    },
  ),
  max: setting("max", integer(0, 100_000), "most instances in service; by default the whole fleet", {
    placeholder: "N",
  }),
  grow: setting(
    "grow",
    launchTemplate,
    "when no node is left to start, launch one from this template, by name or id; needs --max, which then counts every instance",
    { placeholder: "TEMPLATE[:VERSION]" },
  ),
  shrink: setting(
    "shrink",
    oneOf("stop", "terminate"),
    "what becomes of nodes that are not needed any more",
    {
      placeholder: "stop|terminate",
      default: "stop",
    },
  ),
  resync: setting("resync", duration, "how often the alarms are read", {
    placeholder: "TIME",
    default: "60s",
  }),
  warmup: setting("warmup", duration, "an instance younger in service is not stopped", {
    placeholder: "TIME",
    default: "120s",
  }),
  cooldownOut: setting("cooldown-out", duration, "pause after an action before the next scale-out", {
    placeholder: "TIME",
    default: "0s",
  }),
  cooldownIn: setting("cooldown-in", duration, "pause after an action before the next scale-in", {
    placeholder: "TIME",
    default: "60s",
  }),
  startTimeout: setting("start-timeout", duration, "longest wait for each step of the way in", {
    placeholder: "TIME",
    default: "300s",
  }),
  drainTimeout: setting("drain-timeout", duration, "longest wait for each step of the way out", {
    placeholder: "TIME",
    default: "300s",
  }),
  resubscribe: setting("resubscribe", flag, "subscribe again when the subscription is deleted", {
    default: "false",
  }),
  trustSigner: setting(
    "trust-signer",
    url,
    "accept signing certificates from under this URL too; for the sandbox",
    {
      placeholder: "URL-PREFIX",
    },
  ),
} as const satisfies Record<string, Setting<unknown>>;

/** Reads text as it is. */
export function text(value: string): string {
  if (value.trim() === "") throw new TypeError("expected some text");
  return value;
}

/** A switch. */
export function flag(value: string): boolean {
  if (/^(true|yes|on|1)$/i.test(value)) return true;
  if (/^(false|no|off|0)$/i.test(value)) return false;
  throw new TypeError("expected true or false");
}

/** A parser of whole numbers within bounds. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const n = Number(value);
    if (!/^\d+$/.test(value) || n < min || n > max) {
      throw new TypeError(
        max === Number.MAX_SAFE_INTEGER
          ? `expected a whole number from ${min}`
          : `expected a whole number from ${min} to ${max}`,
      );
    }
    return n;
  };
}

/** A host and port to listen at. */
export interface HostPort {
  readonly hostname: string;
  readonly port: number;
}

/** `127.0.0.1:30001`, `[::1]:30001`, `localhost:0`. */
export function hostPort(value: string): HostPort {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]\/]+)):(\d{1,5})$/.exec(value);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (hostname === undefined || port > 65_535) {
    throw new TypeError("expected HOST:PORT such as 127.0.0.1:30001");
  }
  return { hostname, port };
}

/** A parser of numbers above zero. */
export function positive(value: string): number {
  const n = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || n <= 0) throw new TypeError("expected a number above 0, such as 1.5");
  return n;
}

/** A duration in ms, from `300ms`, `60s`, `2.5s`, `5m`, `1h`; a bare number is seconds. */
export function duration(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value);
  if (match === null) throw new TypeError("expected a time such as 300ms, 60s or 5m");
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] ?? "s"] ?? 1_000;
  return Number(match[1]) * unit;
}

/** A parser of one of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): (value: string) => W {
  return (value) => {
    const word = words.find((word) => word === value);
    if (word === undefined) throw new TypeError(`expected ${words.join(" or ")}`);
    return word;
  };
}

/** `450-550` → `[450, 550]`; `500` → `[500, 500]`. Decimals are allowed. */
export function range(value: string): readonly [number, number] {
  const match = /^(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?$/.exec(value);
  const low = Number(match?.[1]);
  const high = Number(match?.[2] ?? match?.[1]);
  if (match === null || low > high) {
    throw new TypeError("expected two numbers such as 450-550, the lower first");
  }
  return [low, high];
}

/** An absolute http or https URL, as it was given. */
export function url(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError("expected a URL such as http://127.0.0.1:4580");
  }
  return value;
}

function fleetName(value: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(value)) {
    throw new TypeError("expected a name of letters, digits, dots, hyphens and underscores");
  }
  return value;
}

/** Source: EC2 API, CreateLaunchTemplate, LaunchTemplateName; LaunchTemplateSpecification, Version. */
function launchTemplate(value: string): string {
  if (!/^(lt-[0-9a-f]{8,17}|[\w().\/-]{3,128})(:(\d+|\$Latest|\$Default))?$/.test(value)) {
    throw new TypeError(
      "expected a launch template's name or id such as kas-node, kas-node:3 or kas-node:$Latest",
    );
  }
  return value;
}

function topicArn(value: string): string {
  if (!/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/.test(value)) {
    throw new TypeError("expected an ARN such as arn:aws:sns:eu-west-1:123456789012:kas");
  }
  return value;
}

function targetGroupArn(value: string): string {
  const form =
    /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/[A-Za-z0-9-]{1,32}\/[a-z0-9]+$/;
  if (!form.test(value)) {
    throw new TypeError(
      "expected a target group's ARN such as " +
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/kas/0123456789abcdef",
    );
  }
  return value;
}

/** The config files looked for when `--config` names none, in order; all that exist are read, the later one wins. */
export function configFiles(env: (name: string) => string | undefined): string[] {
  const home = env("HOME");
  return ["/etc/kas/kas.json", ...(home ? [`${home}/.config/kas/kas.json`] : [])];
}

/** A value's text and where it came from. */
export type Found = { readonly text: string; readonly origin: string } | undefined;

/**
 * What looks a setting up in the environment and then in the config files, which are read at the first need.
 *
 * A config file is a JSON object whose keys are the settings' flag names without dashes: `{ "fleet": "web", "max": 10 }`.
 * The returned function throws {@linkcode SettingsError} naming the file where one can't be read or holds an unknown key.
 */
export function settingsLookup(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
  readFile: (path: string) => string | undefined = readIfThere,
): (name: string, option: { readonly env?: readonly string[] }, config: string | undefined) => Found {
  const cache = new Map<string, Map<string, Found>>();
  return (name, option, config) => {
    for (const variable of option.env ?? []) {
      const value = env(variable);
      if (value !== undefined && value !== "") return { text: value, origin: variable };
    }
    if (!(name in SETTINGS)) return undefined;
    const chosen = config ?? env("KAS_CONFIG");
    const key = chosen ?? "";
    let found = cache.get(key);
    if (found === undefined) {
      found = new Map();
      for (const path of chosen === undefined ? configFiles(env) : [chosen]) {
        const content = readFile(path);
        if (content === undefined) {
          if (chosen !== undefined) {
            throw new SettingsError(`Cannot read config file ${path}: it does not exist`);
          }
          continue;
        }
        for (const [name, value] of Object.entries(parseConfig(path, content))) {
          found.set(name, { text: value, origin: path });
        }
      }
      cache.set(key, found);
    }
    return found.get(name);
  };
}

/** A config file's values as text, by the setting's name in camelCase. */
function parseConfig(path: string, content: string): Record<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw new SettingsError(`Cannot read config file ${path}: ${(cause as Error).message}`, { cause });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new SettingsError(`Cannot read config file ${path}: expected an object such as {"fleet": "kas"}`);
  }
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(json)) {
    const name = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!Object.hasOwn(SETTINGS, name)) {
      throw new SettingsError(`Cannot read config file ${path}: unknown setting "${key}"`);
    }
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      throw new SettingsError(`Cannot read config file ${path}: "${key}" is no text, number or boolean`);
    }
    values[name] = String(value);
  }
  return values;
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw new SettingsError(`Cannot read config file ${path}: ${(error as Error).message}`, { cause: error });
  }
}
