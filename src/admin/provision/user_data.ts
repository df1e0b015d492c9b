/**
 * `kas admin user-data`: how an instance provisions itself on its first boot.
 *
 * @module
 */
import { command, ExitError, UsageError } from "../../cli/command.ts";
import { Executables } from "../../provision/binary.ts";
import { MOST_USER_DATA, userData } from "../../provision/user_data.ts";
import { text } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/table.ts";
import { HOST_SETTINGS, hostSettings, ROLE } from "./host_settings.ts";

/** `kas admin user-data`. */
export const userDataCommand = command({
  name: "user-data",
  summary: "Print the user data with which an instance provisions itself on its first boot",
  description:
    "A script for cloud-init, for a launch template: it gets the executable, runs it only if its SHA-256 is the one said here,\n" +
    "and has it provision the machine. From s3:// it needs an instance profile that may read the object.",
  options: {
    url: { placeholder: "URL", help: "of the executable, https:// or s3://", parse: executableUrl },
    sha256: {
      placeholder: "HEX",
      help: "of the executable; by default this one's, or --binary's",
      parse: sum,
    },
    binary: { placeholder: "FILE", help: "the executable that is at the URL", parse: text },
    role: ROLE,
    ...HOST_SETTINGS,
    fleet: SETTINGS.fleet,
  },
  examples: [
    "admin user-data --url https://example.com/kas >user-data.sh",
    "admin user-data --url s3://my-bucket/kas --role both --topic-arn arn:aws:sns:eu-west-1:123456789012:kas",
  ],
  run: async (context) => {
    const { flags: { url, sha256, binary, role }, out } = context;
    if (url === undefined) {
      throw new UsageError("kas admin user-data needs --url, where the executable is to be had");
    }
    const settings = Object.entries(hostSettings(context)).map(([name, value]) => `--${name}=${value}`);
    const script = userData({
      url,
      sha256: sha256 ?? await ownSum(binary),
      flags: [`--role=${role}`, ...settings],
    });
    const bytes = new TextEncoder().encode(script).length;
    if (bytes > MOST_USER_DATA) {
      throw new ExitError(`The user data has ${bytes} bytes, and EC2 takes ${MOST_USER_DATA} at most`);
    }
    out.terminal.write(script);
  },
});

async function ownSum(binary: string | undefined): Promise<string> {
  try {
    return (await new Executables(binary).for(Deno.build.arch)).sha256;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message}: say --sha256, or --binary FILE`);
  }
}

function executableUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed === undefined || !/^(https|s3):$/.test(parsed.protocol) || /[\p{Cc}\s]/u.test(value)) {
    throw new TypeError("expected a URL such as https://example.com/kas or s3://bucket/kas");
  }
  return value;
}

function sum(value: string): string {
  if (!/^[0-9a-f]{64}$/i.test(value)) throw new TypeError("expected 64 hexadecimal digits");
  return value.toLowerCase();
}
