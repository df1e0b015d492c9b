import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sha256 } from "../../src/provision/binary.ts";
import { userData } from "../../src/provision/user_data.ts";
import { execute } from "../kas.ts";
import { program, testWith } from "../needs.ts";

const SUM = "0".repeat(64);

Deno.test("userData() gets the executable, runs nothing but what has the sum, and provisions this machine", () => {
  const script = userData({
    url: "https://example.com/kas?v=1&x='y'",
    sha256: SUM,
    flags: ["--role=both", "--fleet=web"],
  });
  assert(script.startsWith("#!/bin/bash\n"));
  assertStringIncludes(script, `'https://example.com/kas?v=1&x='\\''y'\\''' -o "$folder/kas"`);
  assertStringIncludes(script, "admin provision local --role=both --fleet=web");
  assert(script.indexOf("sha256sum --check") < script.indexOf("admin provision"));
});

Deno.test("userData() gets what lies in S3 by the AWS CLI, with the instance's own rights", () => {
  const script = userData({ url: "s3://bucket/kas", sha256: SUM, flags: [] });
  assertStringIncludes(script, 'aws s3 cp --no-progress s3://bucket/kas "$folder/kas"');
  assertStringIncludes(script, "ca-certificates awscli");
});

/** Runs a script with a curl that copies what is at the URL's path, and a kas that says how it was called. */
async function firstBoot(sum: (kas: string) => string) {
  const folder = await Deno.makeTempDir();
  try {
    const kas = `#!/bin/sh\necho "$@" >${folder}/called\n`;
    await Deno.writeTextFile(`${folder}/kas`, kas);
    const curl = `#!/bin/sh\nfor to; do :; done\ncp ${folder}/kas "$to"\n`;
    await Deno.writeTextFile(`${folder}/curl`, curl, { mode: 0o755 });
    const script = userData({ url: "https://example.com/kas", sha256: sum(kas), flags: ["--role=worker"] });
    const ended = await execute(["bash", "-c", script], { PATH: `${folder}:${Deno.env.get("PATH")}` });
    const called = await Deno.readTextFile(`${folder}/called`).catch(() => undefined);
    return { code: ended.code, called };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the script of userData() runs", async () => {
  const { code, called = "" } = await firstBoot(sha256);
  assertEquals(code, 0);
  assert(/^admin provision local --role=worker --binary \/tmp\/.*\/kas --output tsv\n$/.test(called), called);
});

Deno.test("the script of userData() runs nothing that has another sum", async () => {
  const { code, called } = await firstBoot(() => SUM);
  assertEquals([code, called], [1, undefined]);
});

testWith([program("shellcheck")], "the script of userData() is clean to shellcheck", async () => {
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
