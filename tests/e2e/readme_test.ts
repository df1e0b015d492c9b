/**
 * Runs the commands of the README's stories, in the order of the page, with free ports in place of the default ones.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { BUILT, eventually, execute, exportsOf, start } from "../support/kas.ts";
import { program, testWith } from "../support/needs.ts";

const PAGE = new URL("../../README.md", import.meta.url);
const FOLDER = decodeURIComponent(new URL(".", PAGE).pathname);

/** A story of the page: a sandbox, an autoscaler, and the commands that follow. */
interface Story {
  readonly sandbox: readonly string[];
  readonly autoscaler: readonly string[];
  readonly rest: readonly (readonly string[])[];
}

Deno.test("the commands of the README's first fleet work, and the load brings the node into service", async () => {
  await play(await story("A first fleet"));
});

testWith(
  [program("node")],
  "the commands of the README's own service work, and the load brings the node into service",
  async () => {
    await play(await story("Your own service in five minutes"));
  },
);

testWith(
  [program("node")],
  "the README's commands for an AWS account set up a service in an empty account, and tear it down",
  async () => {
    const [inSandbox, create, check] = await blocks("Your own service in five minutes");
    const service = commands(inSandbox).flat().find((word) => word.startsWith("node ")) ?? "";
    await using sandbox = start([
      ...BUILT,
      ..."admin sandbox --empty --fault security-groups=on --speed 20 --port 0 --balancer-port 0 --service"
        .split(" "),
      service.replace("examples/", `${FOLDER}examples/`),
    ]);
    const env: Record<string, string> = { ...await exportsOf(sandbox), IMAGE: "ami-1" };
    const [, balancer = ""] = await sandbox.line(/Load balancer: (http:\/\/\S+)\./);
    const kas = async (words: readonly string[]) => {
      // A port below 1024 needs the privileges of root.
      const own = words.map((word) =>
        word.replace(/^"\$(\w+)"$/, (_, name) => env[name] ?? "").replace(":80", ":8090")
      );
      const { code, stdout, stderr } = await execute([...BUILT, ...own], env);
      assertEquals(code, 0, `${words.join(" ")}: ${stdout}${stderr}`);
      return stdout + stderr;
    };
    let said = "";
    for (const words of commands(create)) said = await kas(words);
    const [, targetGroup = ""] = /export KAS_TARGET_GROUP=(\S+)/.exec(said) ?? [];
    assertMatch(targetGroup, /:targetgroup\/kas\//);
    env["KAS_TARGET_GROUP"] = targetGroup;

    const state = await Deno.makeTempDir();
    try {
      const listen = ["--listen", "127.0.0.1:0", "--state", state];
      await using autoscaler = start([...BUILT, "autoscaler", ...listen], env);
      [, env["AUTOSCALER"] = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
      const [subscribe = [], ...others] = commands(check);
      await kas(subscribe);
      const answer = await fetch(`${balancer}/`);
      assertMatch(await answer.text(), /from i-\w+/);
      for (const words of others) await kas(words);
      await kas(["admin", "teardown", "--instances", "--yes"]);
    } finally {
      await Deno.remove(state, { recursive: true });
    }
  },
);

/** The load of a story has to keep a CPU busy, also beside other tests. Without the privileges of root, `nice` only prints a warning. */
const AHEAD = ["nice", "-n", "-10"] as const;

/** Runs the commands of a story. */
async function play({ sandbox: command, autoscaler: service, rest }: Story): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const own = command.map((word) => word.replace("examples/", `${FOLDER}examples/`));
    await using sandbox = start([...AHEAD, ...BUILT, ...own, ..."--port 0 --balancer-port 0".split(" ")]);
    const env = await exportsOf(sandbox);
    const [, balancer = ""] = await sandbox.line(/Load balancer: (http:\/\/\S+)\./);
    await using autoscaler = start(
      [...AHEAD, ...BUILT, ...service.map((word) => word.startsWith("/tmp/kas") ? folder : word)]
        .concat("--listen", "127.0.0.1:0"),
      env,
    );
    const [, url = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
    for (const words of rest) {
      const replaced = words.map((word) =>
        word.replace("http://127.0.0.1:10001", url).replace("http://127.0.0.1:30000", balancer)
      );
      const { code, stdout, stderr } = await execute([...BUILT, ...replaced], env);
      assertEquals(code, 0, `${words.join(" ")}: ${stdout}${stderr}`);
    }
    // On a busy machine the load may end shortly before the node is in service.
    const printed = async (...words: string[]) => (await execute([...BUILT, "admin", ...words], env)).stdout;
    await eventually(() => printed("instances"), (it) => /\tnode\trunning\t.*\tInService/.test(it));
    await eventually(
      () => printed("activities", "--url", url),
      (it) => /\tstart\ti-\w+\tsuccessful/.test(it),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The `sh` blocks below a heading of the page. */
async function blocks(heading: string): Promise<string[]> {
  const [, section = ""] = (await Deno.readTextFile(PAGE)).split(`## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  return Array.from(
    text.matchAll(/^```sh\n(?<script>[^]*?)^```$/gm),
    ({ groups }) => groups?.["script"] ?? "",
  );
}

/** The story in the first block below a heading. */
async function story(heading: string): Promise<Story> {
  const [first] = await blocks(heading);
  const [sandbox = [], autoscaler = [], ...rest] = commands(first);
  return { sandbox, autoscaler, rest };
}

/** The commands of a block, as the words after `kas`. */
function commands(block = ""): string[][] {
  return block.split("\n").filter((line) => line.startsWith("kas ")).map((line) =>
    Array.from(
      line.replace(/#.*/, "").matchAll(/'([^']*)'|(\S+)/g),
      ([, quoted, word]) => quoted ?? word ?? "",
    )
      .slice(1)
  );
}
