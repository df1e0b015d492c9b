/**
 * User data for launch templates: the script with which an instance provisions itself on first boot.
 *
 * @module
 */
import { type CommandLine, quoteCommand } from "../cli/command_line.ts";
import { LOCAL_TARGET } from "./target.ts";

/** What the script installs. */
export interface UserDataOptions {
  /** The executable's URL: `https://…` or `s3://…`. */
  readonly url: string;
  /** The executable's SHA-256 in hexadecimal. The script runs nothing else. */
  readonly sha256: string;
  /** The flags for `kas admin provision`. */
  readonly flags: CommandLine;
}

/** EC2's limit, bytes. Source: EC2 User Guide, user data: 16 KB before base64. */
export const MAX_USER_DATA_BYTES = 16_384;

/** Ubuntu has the AWS CLI as a package up to 22.04, and as a snap since 24.04. */
const INSTALL_AWS_CLI = `apt-get install -q -y --no-install-recommends ca-certificates awscli ||
    snap install aws-cli --classic`;

/**
 * A script that cloud-init runs once, as root: it downloads the executable, verifies it, and provisions the machine with it.
 * cloud-init writes its output to /var/log/cloud-init-output.log.
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
