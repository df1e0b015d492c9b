/**
 * User data: what an instance runs on its first boot to provision itself, for launch templates.
 *
 * @module
 */
import { LOCAL } from "./target.ts";
import { line, type Words } from "./ssh/words.ts";

/** What the first boot is to bring. */
export interface FirstBoot {
  /** Of the executable: `https://…` or `s3://…`. */
  readonly url: string;
  /** Its SHA-256 in hexadecimal: nothing else is run. */
  readonly sha256: string;
  /** The flags of `kas admin provision`. */
  readonly flags: Words;
}

/** What EC2 takes, in bytes. Source: EC2 User Guide, user data: 16 KB before it is encoded. */
export const MOST_USER_DATA = 16_384;

/** Ubuntu has the AWS CLI as a package up to 22.04, and as a snap from 24.04 on. */
const INSTALL_AWS = `apt-get install -q -y --no-install-recommends ca-certificates awscli ||
    snap install aws-cli --classic`;

/**
 * A script that cloud-init runs as root, once: it gets the executable, checks it, and has it provision this machine. What it says
 * is in /var/log/cloud-init-output.log.
 */
export function userData({ url, sha256, flags }: FirstBoot): string {
  const s3 = url.startsWith("s3:");
  const get = s3
    ? ["aws", "s3", "cp", "--no-progress", url]
    : ["curl", "-fsSL", "--proto", "=https", "--retry", "8", "--retry-all-errors", url, "-o"];
  return `#!/bin/bash
# Written by kas admin user-data. cloud-init runs it as root on the first boot.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive HOME=/root PATH=$PATH:/snap/bin

if ! command -v ${s3 ? "aws" : "curl"} >/dev/null; then
  apt-get update -q
  ${s3 ? INSTALL_AWS : "apt-get install -q -y --no-install-recommends ca-certificates curl"}
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
${line(get)} "$folder/kas"
echo "${sha256}  $folder/kas" | sha256sum --check --quiet
chmod 0755 "$folder/kas"
"$folder/kas" ${line(["admin", "provision", LOCAL, ...flags])} --binary "$folder/kas" --output tsv
`;
}
