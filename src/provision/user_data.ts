/**
 * User data: what an instance runs on its first boot to provision itself, for launch templates.
 *
 * @module
 */
import { LOCAL } from "./target.ts";
import { line, quoted, type Words } from "./words.ts";

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

/**
 * A script that cloud-init runs as root, once: it gets the executable, checks it, and has it provision this machine. What it says
 * is in /var/log/cloud-init-output.log.
 */
export function userData({ url, sha256, flags }: FirstBoot): string {
  const [program, get] = url.startsWith("s3:")
    ? ["awscli", ["aws", "s3", "cp", "--no-progress", url]]
    : ["curl", ["curl", "-fsSL", "--proto", "=https", "--retry", "8", "--retry-all-errors", url, "-o"]];
  const command = quoted(get[0] ?? "");
  return `#!/bin/bash
# Written by kas admin user-data. cloud-init runs it as root on the first boot.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive HOME=/root

if ! command -v ${command} >/dev/null; then
  apt-get update -q
  apt-get install -q -y --no-install-recommends ca-certificates ${program}
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
${line(get)} "$folder/kas"
echo "${sha256}  $folder/kas" | sha256sum --check --quiet
chmod 0755 "$folder/kas"
"$folder/kas" ${line(["admin", "provision", LOCAL, ...flags])} --binary "$folder/kas" --output tsv
`;
}
