/**
 * `kas admin provision`: from a bare machine to one that serves.
 *
 * @module
 */
import { balancerRef } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import { Executables } from "../../provision/binary.ts";
import type { HostSettings } from "../../provision/files.ts";
import type { Wish } from "../../provision/provision.ts";
import { isInstanceId, jumpHost, parseTarget, type Target } from "../../provision/target.ts";
import { flag, integer, text } from "../../cli/parsers.ts";
import { ACCOUNT, type AccountContext, connected, fleetById, member } from "../account.ts";
import { HOST_SETTINGS, hostSettings, ROLE } from "./host_settings.ts";
import { provisionAll } from "./run.ts";
import { addressOf } from "../instances/ssh.ts";
import { agreed } from "../instances/targets.ts";

/** `kas admin provision`. */
export const provision = command({
  name: "provision",
  summary: "Make machines workers or control nodes, or bring them up to date",
  description:
    "Over ssh, as root or by a sudo that asks for no password: nginx, the executable, systemd's units, nginx's configuration\n" +
    "and the settings. Only what differs is changed, and only what it concerns is restarted, without cutting a request.\n" +
    "What does not come up is put back as it was. TARGET is an instance's id, [user@]host[:port], or local: this machine.\n" +
    "Settings that are set, here or in the environment, go to the host's /etc/kas/kas.json; others that it has stay.",
  args: "TARGET…",
  options: {
    role: ROLE,
    binary: {
      placeholder: "FILE",
      help: "the executable; by default this one, or dist/kas-<arch>",
      parse: text,
    },
    user: { placeholder: "NAME", help: "log in as this user", parse: text },
    identity: { placeholder: "FILE", help: "private key", parse: text },
    jump: {
      placeholder: "HOST",
      help: "go through this host, [user@]host[:port], with the same key",
      parse: jumpHost,
    },
    port: { placeholder: "PORT", help: "of the sshd", parse: integer(1, 65_535) },
    private: { help: "to an instance's private address", default: "false", parse: flag },
    parallel: { placeholder: "N", help: "how many hosts at a time", default: "4", parse: integer(1, 100) },
    rolling: {
      help: "one instance after the other, each out of the load balancer meanwhile",
      default: "false",
      parse: flag,
    },
    certificate: { placeholder: "FILE", help: "PEM, for SNS over HTTPS on port 443", parse: text },
    certificateKey: { placeholder: "FILE", help: "its private key, PEM", parse: text },
    rollback: { help: "go back to the executable before this one", default: "false", parse: flag },
    remove: { help: "take off all that provisioning put on", default: "false", parse: flag },
    ...HOST_SETTINGS,
    ...ACCOUNT,
  },
  examples: [
    "admin provision admin@203.0.113.7 admin@203.0.113.8 --identity ~/.ssh/kas.pem",
    "admin provision i-0123456789abcdef0 --role both --topic-arn arn:aws:sns:eu-west-1:123456789012:kas",
    "admin provision i-0123456789abcdef0 i-0fedcba9876543210 --rolling",
  ],
  run: async (context) => {
    const { flags, args, out } = context;
    const words = [...new Set(args)];
    const hosts = words.filter((word) => !isInstanceId(word));
    if (flags.rollback && flags.remove) throw new UsageError("--rollback and --remove exclude each other");
    if (flags.rolling && hosts.length > 0) {
      throw new UsageError(
        `--rolling goes through the load balancer, and needs instances' ids: ${hosts[0]} is a host`,
      );
    }
    const wish: Wish = {
      kind: flags.remove ? "remove" : flags.rollback ? "rollback" : "provision",
      role: flags.role,
      settings: hostSettings(context),
      tls: await certificateOf(flags),
      executables: new Executables(flags.binary),
    };
    if (flags.remove && !flags.dryRun && !await agreed(context, `Take kas off ${words.join(", ")}?`)) {
      return 1;
    }
    const work = async (aws?: Aws) =>
      await provisionAll(
        {
          wish,
          targets: await targetsOf(context, words, aws),
          route: flags,
          parallel: flags.rolling ? 1 : flags.parallel,
          dryRun: flags.dryRun,
          ...(flags.rolling && aws !== undefined
            ? { rolling: { aws, balancer: balancerRef(flags), ...pick(flags) } }
            : {}),
        },
        out,
        context.signal,
      );
    return hosts.length === words.length ? await work() : await connected(context, work);
  },
});

function pick({ drainTimeout, startTimeout }: { drainTimeout: number; startTimeout: number }) {
  return { drainTimeout, startTimeout };
}

async function certificateOf(
  { certificate, certificateKey }: { certificate: string | undefined; certificateKey: string | undefined },
): Promise<HostSettings["tls"]> {
  if (certificate === undefined && certificateKey === undefined) return undefined;
  if (certificate === undefined || certificateKey === undefined) {
    throw new UsageError("--certificate and --certificate-key go together");
  }
  return {
    certificate: await readPem(certificate, "CERTIFICATE"),
    key: await readPem(certificateKey, "PRIVATE KEY"),
  };
}

async function readPem(path: string, what: string): Promise<string> {
  let pem: string;
  try {
    pem = await Deno.readTextFile(path);
  } catch (cause) {
    throw new UsageError(`Cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`);
  }
  if (!new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(pem)) {
    throw new UsageError(`${path} holds no PEM ${what}`);
  }
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}

/** Whom the words name; an instance's address is EC2's, and one that can't be reached stays without. */
async function targetsOf(
  context: AccountContext & { readonly flags: { readonly private: boolean } },
  words: readonly string[],
  aws: Aws | undefined,
): Promise<readonly (Target | { readonly name: string; readonly unfit: ExitError })[]> {
  const { flags, signal } = context;
  const fleet = aws === undefined ? new Map<string, never>() : await fleetById(aws, flags, signal);
  return words.map((name) => {
    if (!isInstanceId(name)) return hostTarget(name);
    try {
      return { name, instance: name, host: addressOf(member(fleet, name, flags), flags) };
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      return { name, unfit: error };
    }
  });
}

function hostTarget(word: string): Target {
  try {
    return parseTarget(word);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}
