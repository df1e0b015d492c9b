/**
 * `kas admin provision`: installs, updates, rolls back or removes kas on hosts.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import { Executables } from "../../provision/executable.ts";
import type { HostConfig } from "../../provision/host/files.ts";
import type { ProvisionRequest } from "../../provision/plan.ts";
import { isInstanceId, parseTarget, type Target } from "../../provision/target.ts";
import { flag, integer, text } from "../../cli/parsers.ts";
import { ACCOUNT_OPTIONS, type AccountContext, fleetMember, instancesById, withAws } from "../account.ts";
import { fleetsBalancer } from "../balancers/lookup.ts";
import { SSH_FLAGS, sshAddress } from "../instances/ssh.ts";
import { confirmed } from "../instances/targets.ts";
import { checkNginx, HOST_SETTINGS, hostSettings, NGINX, readSettings, ROLE } from "./host_settings.ts";
import { provisionHosts } from "./provision_hosts.ts";
import type { ProvisionTarget } from "./provision_one.ts";

/** The command `kas admin provision`. */
export const provision = command({
  name: "provision",
  summary: "Install or update kas on hosts over SSH",
  description:
    "With --role autoscaler, installs the autoscaler on a control node: the kas executable, a systemd unit, the settings, and\n" +
    "nginx if SNS sends messages to it. Nodes that run your own service need nothing of kas. --role worker installs the server of\n" +
    "the demo. Changes only what differs, and restarts only the affected services. No request to a worker fails because of a\n" +
    "restart. If a step fails on a host, kas rolls back all changes on this host. TARGET is an instance id, [user@]host[:port], or\n" +
    "local for this machine.\n" +
    "kas logs in as root, or as a user who can run sudo without a password. kas writes the settings of flags and environment\n" +
    "variables to the host's /etc/kas/kas.json, and keeps the other settings in that file.",
  args: "TARGET…",
  options: {
    role: {
      ...ROLE,
      help:
        `${ROLE.help}; a host that already has the other role gets both (default: the role that the host has)`,
    },
    nginx: NGINX,
    telemetry: {
      help:
        "install node_exporter, so that the autoscaler can scrape the host at port 9100; on a host without kas and without --role, install nothing else",
      default: "false",
      parse: flag,
    },
    binary: {
      placeholder: "FILE",
      help: "executable to install (default: the running executable, or dist/kas-<arch>)",
      parse: text,
    },
    settings: {
      placeholder: "FILE",
      help: "config file that replaces all settings of the hosts, for example one with several fleets",
      parse: text,
    },
    ...SSH_FLAGS,
    parallel: {
      placeholder: "N",
      help: "how many hosts to change at the same time",
      default: "4",
      parse: integer(1, 100),
    },
    rolling: {
      help:
        "change one instance at a time; deregister it from the load balancer first, and register it again afterwards",
      default: "false",
      parse: flag,
    },
    certificate: {
      placeholder: "FILE",
      help:
        "PEM file with the host's certificate chain, with which nginx receives SNS messages over HTTPS on port 443",
      parse: text,
    },
    certificateKey: {
      placeholder: "FILE",
      help: "PEM file with the private key of the certificate",
      parse: text,
    },
    rollback: { help: "restore the previous executable", default: "false", parse: flag },
    remove: { help: "remove kas from the hosts", default: "false", parse: flag },
    ...HOST_SETTINGS,
    ...ACCOUNT_OPTIONS,
  },
  examples: [
    "admin provision admin@203.0.113.7 --role autoscaler --topic-arn arn:aws:sns:eu-west-1:123456789012:kas",
    "admin provision i-0123456789abcdef0 --role autoscaler --pull --region eu-west-1",
    "admin provision i-0123456789abcdef0 i-0fedcba9876543210 --rolling",
    "admin provision i-0123456789abcdef0 --telemetry",
  ],
  run: async (context) => {
    const { flags, args, out } = context;
    const names = [...new Set(args)];
    const hosts = names.filter((name) => !isInstanceId(name));
    if (flags.rollback && flags.remove) throw new UsageError("Use either --rollback or --remove");
    if (flags.rolling && hosts.length > 0) {
      throw new UsageError(
        `--rolling needs instance ids, because the load balancer registers instances: ${hosts[0]} is a host`,
      );
    }
    checkNginx(flags, flags.certificate !== undefined);
    const request: ProvisionRequest = {
      kind: flags.remove ? "remove" : flags.rollback ? "rollback" : "provision",
      role: flags.role,
      nginx: flags.nginx,
      settings: hostSettings(context),
      allSettings: flags.settings === undefined ? undefined : await readSettings(flags.settings, context),
      tls: await readTls(flags),
      telemetry: flags.telemetry,
      executables: new Executables(flags.binary),
    };
    if (flags.remove && !flags.dryRun && !await confirmed(context, `Remove kas from ${names.join(", ")}?`)) {
      return 1;
    }
    const run = async (aws?: Aws) =>
      await provisionHosts(
        {
          request,
          targets: await resolveTargets(context, names, aws),
          ssh: flags,
          parallel: flags.rolling ? 1 : flags.parallel,
          dryRun: flags.dryRun,
          ...(flags.rolling && aws !== undefined
            ? {
              rolling: {
                aws,
                balancer: await fleetsBalancer(aws, flags, context.signal),
                drainTimeout: flags.drainTimeout,
                startTimeout: flags.startTimeout,
              },
            }
            : {}),
        },
        out,
        context.signal,
      );
    return hosts.length === names.length ? await run() : await withAws(context, run);
  },
});

async function readTls(
  { certificate, certificateKey }: { certificate: string | undefined; certificateKey: string | undefined },
): Promise<HostConfig["tls"]> {
  if (certificate === undefined && certificateKey === undefined) return undefined;
  if (certificate === undefined || certificateKey === undefined) {
    throw new UsageError("--certificate and --certificate-key must be given together");
  }
  return {
    certificate: await readPem(certificate, "CERTIFICATE"),
    key: await readPem(certificateKey, "PRIVATE KEY"),
  };
}

async function readPem(path: string, label: string): Promise<string> {
  let pem: string;
  try {
    pem = await Deno.readTextFile(path);
  } catch (cause) {
    throw new UsageError(`Cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`);
  }
  if (!new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(pem)) {
    throw new UsageError(`${path} does not contain a PEM ${label}`);
  }
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}

/**
 * Finds the addresses of instances. If an instance has no address, its target contains the error, so that kas provisions the
 * others.
 */
async function resolveTargets(
  context: AccountContext & { readonly flags: { readonly private: boolean } },
  names: readonly string[],
  aws: Aws | undefined,
): Promise<readonly ProvisionTarget[]> {
  const { flags, signal } = context;
  const fleet = aws === undefined ? new Map<string, never>() : await instancesById(aws, flags, signal);
  return names.map((name) => {
    if (!isInstanceId(name)) return hostTarget(name);
    try {
      return { name, instance: name, host: sshAddress(fleetMember(fleet, name, flags), flags) };
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      return { name, error };
    }
  });
}

function hostTarget(name: string): Target {
  try {
    return parseTarget(name);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}
