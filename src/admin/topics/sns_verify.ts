/**
 * `kas admin sns verify`: verifies a captured message as the autoscaler does.
 *
 * @module
 */
import { command, ExitError, type Group, UsageError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { certificateLoader } from "../../sns/certificate_loader.ts";
import { readCertificate } from "../../sns/certificate.ts";
import { type Message, MessageError, parseMessage } from "../../sns/message.ts";
import { type VerificationOptions, verifyFields } from "../../sns/verify.ts";

const COLUMNS = ["field", "result", "detail"];

const verify = command({
  name: "verify",
  summary: "Verify a captured SNS message as the autoscaler does",
  description:
    "FILE contains the body of the POST request. Without --cert, kas downloads the certificate from the message's\n" +
    "SigningCertURL, if the autoscaler would trust this URL. The exit status is 1 if the autoscaler would refuse the message.",
  args: "FILE",
  options: {
    cert: {
      placeholder: "FILE",
      help: "read the signing certificate from this PEM file",
      parse: (path: string) => path,
    },
    topicArn: SETTINGS.topicArn,
    at: {
      placeholder: "TIME",
      help: "verify the message as if it arrived at this time, such as 2026-03-06T20:00:00Z (default: now)",
      parse: timestamp,
    },
    trustSigner: SETTINGS.trustSigner,
  },
  examples: [
    "admin sns verify message.json --topic-arn arn:aws:sns:eu-west-1:123456789012:kas --at 2026-03-06T20:00:00Z",
  ],
  run: async ({ flags, args: [file = ""], out }) => {
    const { topicArn, trustSigner, cert, at } = flags;
    if (topicArn === undefined) {
      throw new UsageError("kas admin sns verify needs --topic-arn", "--topic-arn ARN");
    }
    const body = await readFile(file);
    const pem = cert === undefined ? undefined : await readFile(cert);
    const certificate = pem === undefined
      ? certificateLoader()
      : () => Promise.resolve().then(() => readCertificate(pem));
    const options = { topicArns: [topicArn], trustSigner, certificate, now: () => at ?? Date.now() };
    let isRefused = false;
    const rows = async function* (): AsyncGenerator<Row, void, void> {
      for await (const row of results(body, options)) {
        isRefused ||= row.result === "refused";
        yield row;
      }
    };
    await out.table(COLUMNS, rows());
    return isRefused ? 1 : 0;
  },
});

/** The command `kas admin sns`. */
export const sns: Group = {
  name: "sns",
  summary: "Verify captured SNS messages",
  commands: [verify],
};

/** Yields the result of each check. If a check fails, continues with the next check. */
async function* results(
  body: string,
  options: VerificationOptions & { readonly now: () => number },
): AsyncGenerator<Row, void, void> {
  let message: Message;
  try {
    message = parseMessage(body);
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    yield { field: "Body", result: "refused", detail: error.message };
    return;
  }
  yield { field: "Body", result: "ok", detail: message.type };
  for await (const { field, passed, detail } of verifyFields(message, options)) {
    yield { field, result: passed ? "ok" : "refused", detail };
  }
}

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new ExitError(`Cannot read ${path}: ${(cause as Error).message}`, 1, undefined, { cause });
  }
}

function timestamp(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : NaN;
  if (Number.isNaN(ms)) throw new TypeError("expected a time such as 2026-03-06T20:00:00Z");
  return ms;
}
