import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { sns } from "../../../../src/admin/topics/sns_verify.ts";
import { UsageError } from "../../../../src/cli/command.ts";
import { run } from "../../../../src/cli/run.ts";
import { file, testWith } from "../../../support/needs.ts";
import { NOW, signed, SIGNER, TOPIC } from "../../sns/fixtures.ts";

/** Runs `kas sns` with the words in this process. */
async function kas(...argv: readonly string[]): Promise<{ status: number; stdout: string }> {
  let stdout = "";
  const terminal = {
    write: (text: string) => void (stdout += text),
    writeError: () => {},
    draw: () => {},
    interactive: false,
    interactiveError: false,
    color: false,
    columns: 80,
    ask: () => Promise.resolve(null),
  };
  const status = await run({ name: "kas", summary: "", commands: [sns] }, argv, {
    terminal,
    signal: new AbortController().signal,
    lookup: () => undefined,
  });
  return { status, stdout };
}

/** Writes a body and a certificate to temporary files. Returns the arguments that verify the body at the time NOW. */
async function captured(body: string, check: (words: readonly string[]) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/message.json`, body);
    await Deno.writeTextFile(`${folder}/cert.pem`, SIGNER.pem);
    await check([
      "sns",
      "verify",
      `${folder}/message.json`,
      "--cert",
      `${folder}/cert.pem`,
      "--at",
      new Date(NOW).toISOString(),
      "--topic-arn",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("sns verify prints each check of a message, and exits with status 0 if all checks pass", async () => {
  await captured(JSON.stringify(signed("UnsubscribeConfirmation")), async (words) => {
    const { status, stdout } = await kas(...words, TOPIC);
    assertEquals(stdout.split("\n").map((line) => line.split("\t").slice(0, 2).join(" ")), [
      "field result",
      "Body ok",
      "TopicArn ok",
      "Timestamp ok",
      "SignatureVersion ok",
      "SigningCertURL ok",
      "Certificate ok",
      "Signature ok",
      "",
    ]);
    assertEquals(status, 0);
  });
});

Deno.test("sns verify continues after a failed check, and exits with status 1", async () => {
  await captured(JSON.stringify({ ...signed("Notification"), Message: "Evil" }), async (words) => {
    const { status, stdout } = await kas(...words, `${TOPIC}2`);
    assertStringIncludes(stdout, "TopicArn\trefused\t");
    assertStringIncludes(stdout, "Timestamp\tok");
    assertStringIncludes(stdout, "Signature\trefused\t");
    assertEquals(status, 1);
  });
});

Deno.test("sns verify rejects a body that is not an SNS message", async () => {
  await captured("Hello", async (words) => {
    const { status, stdout } = await kas(...words, TOPIC);
    assertEquals(status, 1);
    assertStringIncludes(stdout, "Body\trefused\t");
  });
});

Deno.test("sns verify rejects a file that is not a certificate", async () => {
  await captured(JSON.stringify(signed("Notification")), async (words) => {
    const message = words[2] ?? "";
    const { status, stdout } = await kas(
      ...words.map((word) => (word.endsWith("cert.pem") ? message : word)),
      TOPIC,
    );
    assertStringIncludes(stdout, "Certificate\trefused\t");
    assertEquals(status, 1);
  });
});

Deno.test("sns verify needs a topic and a readable file", async () => {
  await assertRejects(() => kas("sns", "verify", "x.json"), UsageError, "--topic-arn");
  await assertRejects(
    () => kas("sns", "verify", "/nowhere.json", "--topic-arn", TOPIC),
    Error,
    "Cannot read /nowhere.json",
  );
  await assertRejects(() => kas("sns", "verify", "x.json", "--at", "noon"), UsageError, "noon");
});

const FOLDER = "../shared/vectors/sns";
const needs = [file(`${FOLDER}/notification-with-subject-v1.json`), file(`${FOLDER}/signing-cert.pem`)];
testWith(
  needs,
  "sns verify accepts a recorded message of SNS at the time of the message, and rejects the message now",
  async () => {
    const path = (name: string) => new URL(`../../../../${FOLDER}/${name}`, import.meta.url).pathname;
    const words = [
      "sns",
      "verify",
      path("notification-with-subject-v1.json"),
      "--cert",
      path("signing-cert.pem"),
      "--topic-arn",
      "arn:aws:sns:us-west-2:131990247566:dongie-standard-topic",
    ];
    assertEquals((await kas(...words, "--at", "2026-03-06T20:00:00Z")).status, 0);
    assertEquals((await kas(...words)).status, 1);
  },
);
