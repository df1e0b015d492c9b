/**
 * User data for launch templates: a script with which an instance installs kas on its first boot.
 *
 * @module
 */
import { type CommandLine, quoteCommand } from "../cli/command_line.ts";
import { LOCAL_TARGET } from "./target.ts";

/** Options of {@linkcode userData}. */
export interface UserDataOptions {
  /** URL of the executable, which starts with `https://` or `s3://`. */
  readonly url: string;
  /** SHA-256 of the executable in hexadecimal. The script does not run an executable with a different SHA-256. */
  readonly sha256: string;
  /** Flags that the script passes to `kas admin provision`. */
  readonly flags: CommandLine;
}

/** Maximum size of user data in bytes. Source: EC2 User Guide, user data: 16 KB before base64. */
export const MAX_USER_DATA_BYTES = 16_384;

/** Shell command that installs the AWS CLI. Ubuntu has a package until 22.04, and a snap since 24.04. */
const INSTALL_AWS_CLI = `apt-get install -q -y --no-install-recommends ca-certificates awscli ||
    snap install aws-cli --classic`;

/**
 * Returns the script that cloud-init runs once as root. The script downloads the executable, verifies its SHA-256, and installs kas
 * on the host. cloud-init writes the script's output to /var/log/cloud-init-output.log.
 */
export function userData({ url, sha256, flags }: UserDataOptions): string {
  const s3 = url.startsWith("s3:");
  const download = s3
    ? ["aws", "s3", "cp", "--no-progress", url]
    : ["curl", "-fsSL", "--proto", "=https", "--retry", "8", "--retry-all-errors", url, "-o"];
  return `#!/bin/bash
# Written by kas admin user-data. cloud-init runs it as root on the first boot.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive HOME=/root PATH=$PATH:/snap/bin

if ! command -v ${s3 ? "aws" : "curl"} >/dev/null; then
  apt-get update -q
  ${s3 ? INSTALL_AWS_CLI : "apt-get install -q -y --no-install-recommends ca-certificates curl"}
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
${quoteCommand(download)} "$folder/kas"
echo "${sha256}  $folder/kas" | sha256sum --check --quiet
chmod 0755 "$folder/kas"
"$folder/kas" ${
    quoteCommand(["admin", "provision", LOCAL_TARGET, ...flags])
  } --binary "$folder/kas" --output tsv
`;
}
