import { assertEquals } from "@std/assert";
import { sha256 } from "../../../src/provision/executable.ts";
import { userData } from "../../../src/provision/user_data.ts";
import { execute } from "../../support/kas.ts";
import { installed, program, testWith } from "../../support/needs.ts";

const SUM = "0".repeat(64);

/** The programs of this machine that the script can run. These programs do not change the machine. */
const TOOLS = ["bash", "sh", "cat", "chmod", "cp", "mktemp", "rm", "sha256sum"];

/** Returns a program that records its command line, and then runs `then`. */
const calls = (folder: string, then: string) =>
  `#!/bin/sh\necho "\${0##*/} $*" >>${folder}/called\n${then}\n`;

/** A program that copies the executable to the path in its last argument. */
const downloads = (folder: string) => calls(folder, `for to; do :; done; cp ${folder}/kas "$to"`);

/** A program that installs {@linkcode downloads} as a program with a given name. */
const installs = (folder: string, name: string) =>
  calls(
    folder,
    `cat >${folder}/bin/${name} <<'END'\n${downloads(folder)}END\nchmod 0755 ${folder}/bin/${name}`,
  );

/**
 * Runs the user data script for a URL, with the given programs on the PATH.
 *
 * @returns the script's exit status, its stderr, and the command lines of the programs that it ran
 */
async function firstBoot(
  url: string,
  programs: (folder: string) => Readonly<Record<string, string>>,
  sum: (kas: string) => string = sha256,
) {
  const folder = await Deno.makeTempDir();
  const bin = `${folder}/bin`;
  try {
    const kas = calls(folder, "");
    await Deno.writeTextFile(`${folder}/kas`, kas);
    await Deno.mkdir(bin);
    for (const tool of TOOLS) await Deno.symlink(installed(tool)[0] ?? "", `${bin}/${tool}`);
    for (const [name, script] of Object.entries(programs(folder))) {
      await Deno.writeTextFile(`${bin}/${name}`, script, { mode: 0o755 });
    }
    const script = userData({ url, sha256: sum(kas), flags: ["--role=worker"] });
    const { code, stderr } = await execute([`${bin}/bash`, "-c", script], { PATH: bin });
    const called = await Deno.readTextFile(`${folder}/called`).catch(() => "");
    // mktemp creates a folder with a random name.
    return { code, stderr, called: called.replaceAll(/\S+\/tmp\.\w+\/kas/g, "KAS").trim().split("\n") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const [HTTPS, S3] = ["https://example.com/kas", "s3://bucket/kas"] as const;
const CURL = `curl -fsSL --proto =https --retry 8 --retry-all-errors ${HTTPS} -o KAS`;
const AWS = `aws s3 cp --no-progress ${S3} KAS`;
const APT = (program: string) => `apt-get install -q -y --no-install-recommends ca-certificates ${program}`;
const PROVISION = "kas admin provision local --role=worker --binary KAS --output tsv";

const BOOTS: [what: string, url: string, programs: Parameters<typeof firstBoot>[1], called: string[]][] = [
  ["with curl", HTTPS, (folder) => ({ curl: downloads(folder) }), [CURL, PROVISION]],
  [
    "with curl, which it installs",
    HTTPS,
    (folder) => ({ "apt-get": installs(folder, "curl") }),
    ["apt-get update -q", APT("curl"), CURL, PROVISION],
  ],
  ["from S3 with the AWS CLI", S3, (folder) => ({ aws: downloads(folder) }), [AWS, PROVISION]],
  [
    "from S3 with the AWS CLI, which it installs",
    S3,
    (folder) => ({ "apt-get": installs(folder, "aws") }),
    ["apt-get update -q", APT("awscli"), AWS, PROVISION],
  ],
  [
    "from S3 with the AWS CLI, which it installs as a snap on Ubuntu 24.04",
    S3,
    (folder) => ({ "apt-get": calls(folder, '[ "$1" = update ]'), snap: installs(folder, "aws") }),
    ["apt-get update -q", APT("awscli"), "snap install aws-cli --classic", AWS, PROVISION],
  ],
];

for (const [what, url, programs, called] of BOOTS) {
  Deno.test(`the script of userData() downloads the executable ${what} and provisions the host`, async () => {
    assertEquals(await firstBoot(url, programs), { code: 0, stderr: "", called });
  });
}

Deno.test("the script of userData() does not run an executable with a different checksum", async () => {
  const { code, called } = await firstBoot(HTTPS, (folder) => ({ curl: downloads(folder) }), () => SUM);
  assertEquals([code, called], [1, [CURL]]);
});

Deno.test("the script of userData() fails with the error of the AWS CLI", async () => {
  const denied = "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden";
  const { code, stderr, called } = await firstBoot(
    S3,
    (folder) => ({ aws: calls(folder, `echo '${denied}' >&2; exit 1`) }),
  );
  assertEquals([code, stderr, called], [1, `${denied}\n`, [AWS]]);
});

testWith([program("shellcheck")], "shellcheck reports no problem in the script of userData()", async () => {
  const path = await Deno.makeTempFile({ suffix: ".sh" });
  try {
    for (const url of ["https://example.com/kas", "s3://bucket/kas"]) {
      await Deno.writeTextFile(path, userData({ url, sha256: SUM, flags: ["--fleet=it's"] }));
      assertEquals(await execute(["shellcheck", path]), { code: 0, stdout: "", stderr: "" });
    }
  } finally {
    await Deno.remove(path);
  }
});
