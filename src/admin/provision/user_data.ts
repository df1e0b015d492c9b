/**
 * `kas admin user-data`: prints the script with which an instance installs kas on its first boot.
 *
 * @module
 */
import { isUnsafe } from "../../cli/terminal/escape.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import { Executables } from "../../provision/executable.ts";
import { MAX_USER_DATA_BYTES, userData } from "../../provision/user_data.ts";
import { text } from "../../cli/parsers.ts";
import { checkNginx, HOST_SETTINGS, hostFlags, NGINX, ROLE } from "./host_settings.ts";

/** The command `kas admin user-data`. */
export const userDataCommand = command({
  name: "user-data",
  summary: "Print user data with which an instance installs kas on its first boot",
  description:
    "For a control node, which runs the autoscaler, and for the demo's workers. An instance that runs only your own service needs\n" +
    "no user data of kas. Write the output to a file, and give it to kas admin instances create --user-data FILE, or put it into a\n" +
    "launch template. On the first boot, cloud-init runs this script. The script downloads the kas executable, verifies its\n" +
    "SHA-256 checksum, and installs kas as kas admin provision does. If the URL starts with s3://, the instance profile must\n" +
    "allow the instance to read the object.",
  options: {
    url: {
      placeholder: "URL",
      help: "URL from which instances download the executable, https:// or s3://",
      parse: executableUrl,
    },
    sha256: {
      placeholder: "HEX",
      help:
        "SHA-256 checksum of the executable (default: the checksum of --binary or of the running executable)",
      parse: sha256Hex,
    },
    binary: { placeholder: "FILE", help: "copy of the executable, to calculate its checksum", parse: text },
    role: ROLE,
    nginx: NGINX,
    ...HOST_SETTINGS,
  },
  examples: [
    "admin user-data --url https://example.com/kas --role autoscaler --pull --region eu-west-1 >user-data.sh",
    "admin user-data --url s3://my-bucket/kas --role autoscaler --topic-arn arn:aws:sns:eu-west-1:123456789012:kas",
  ],
  run: async (context) => {
    const { flags: { url, sha256, binary, role, nginx, fleet }, out } = context;
    if (role === undefined) {
      throw new UsageError(
        "kas admin user-data needs --role autoscaler, or --role worker for the demo. An instance that runs only your own service " +
          `needs no user data of kas: the tag kas:fleet=${fleet} is enough`,
      );
    }
    if (url === undefined) {
      throw new UsageError("kas admin user-data needs --url, from which instances download the executable");
    }
    checkNginx({ role, nginx });
    const script = userData({
      url,
      sha256: sha256 ?? await hashExecutable(binary),
      flags: [
        `--role=${role}`,
        ...(nginx === undefined ? [] : [nginx ? "--nginx" : "--no-nginx"]),
        ...hostFlags(context),
      ],
    });
    if (isUnsafe(script)) throw new UsageError("A setting in the user data contains a control character");
    const bytes = new TextEncoder().encode(script).length;
    if (bytes > MAX_USER_DATA_BYTES) {
      throw new ExitError(`The user data has ${bytes} bytes; EC2 accepts at most ${MAX_USER_DATA_BYTES}`);
    }
    out.terminal.write(script);
  },
});

async function hashExecutable(binary: string | undefined): Promise<string> {
  try {
    return (await new Executables(binary).forArchitecture(Deno.build.arch)).sha256;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message}; use --sha256 HEX or --binary FILE`);
  }
}

function executableUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed === undefined || !/^(https|s3):$/.test(parsed.protocol) || /[\p{Cc}\s]/u.test(value)) {
    throw new TypeError("expected a URL such as https://example.com/kas or s3://bucket/kas");
  }
  return value;
}

function sha256Hex(value: string): string {
  if (!/^[0-9a-f]{64}$/i.test(value)) throw new TypeError("expected 64 hexadecimal digits");
  return value.toLowerCase();
}
