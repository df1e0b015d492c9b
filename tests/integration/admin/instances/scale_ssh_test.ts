/**
 * `kas admin scale --ssh`, with an ssh that runs the script as a program of the test would.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { execute, FROM_SOURCE } from "../../../support/kas.ts";

/** What the host does: the lines that kas prints there, and its exit status. */
interface Host {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code: number;
}

/** Runs `kas admin scale` with a host. Returns the outcome, and the words that kas ran on the host. */
async function scale(words: readonly string[], { stdout = "", stderr = "", code }: Host) {
  const folder = await Deno.makeTempDir();
  try {
    await Promise.all([
      Deno.writeTextFile(`${folder}/out`, stdout),
      Deno.writeTextFile(`${folder}/err`, stderr),
      Deno.writeTextFile(
        `${folder}/ssh`,
        `#!/bin/sh\ncase "$*" in *"-O exit"*) exit 0;; esac\n` +
          `cat >${folder}/script; cat ${folder}/out; cat ${folder}/err >&2; exit ${code}\n`,
        { mode: 0o755 },
      ),
    ]);
    const result = await execute(
      [...FROM_SOURCE, "admin", "scale", ...words, "--ssh", "admin@203.0.113.7", "--output", "json"],
      { PATH: `${folder}:${Deno.env.get("PATH")}` },
    );
    return { ...result, script: await Deno.readTextFile(`${folder}/script`).catch(() => "") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("kas admin scale --ssh runs the command on the host, and prints its rows and notes", async () => {
  const host = { stdout: "[]\n", stderr: "start i-1: busy\n", code: 0 };
  const { code, stdout, stderr, script } = await scale(["to", "4", "--for", "2h", "--yes"], host);
  assertEquals([code, stdout], [0, "[]\n"], stderr);
  assertMatch(stderr, /start i-1: busy\n$/);
  assertEquals(
    script.trim(),
    "/usr/local/bin/kas admin scale to 4 --for 7200000ms --yes --state /var/lib/kas --output json",
  );
});

Deno.test("kas admin scale --ssh has the exit status of the command on the host", async () => {
  const held = await scale(["out", "2"], { stdout: "[]\n", code: 1 });
  assertEquals([held.code, held.stderr], [1, ""]);
  const refused = await scale(["to", "9"], {
    stderr: "kas: A capacity of 9 is outside the bounds\n",
    code: 2,
  });
  assertEquals([refused.code, refused.stderr], [
    2,
    "kas: admin@203.0.113.7: A capacity of 9 is outside the bounds\n",
  ]);
  const unable = await scale(["auto"], { stderr: "kas: Cannot reach the autoscaler\nTry: sudo\n", code: 1 });
  assertEquals(unable.code, 1);
  assertMatch(unable.stderr, /^kas: .*Cannot reach the autoscaler$/m);
  const missing = await scale(["auto"], { stderr: "bash: /usr/local/bin/kas: not found\n", code: 127 });
  assertEquals(missing.code, 1);
  assertMatch(missing.stderr, /^kas: /m);
});
