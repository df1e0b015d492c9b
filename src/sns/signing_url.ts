/**
 * Checks the URLs of signing certificates (R14). kas trusts only the host of SNS in the topic's region.
 *
 * @module
 */
import { signerHosts } from "./signer_hosts.ts";

/**
 * The path of a signing certificate's URL. kas compares the whole URL as text, because a URL parser would normalize case,
 * user, port, trailing dot and encoded letters.
 */
const PATH = /^\/SimpleNotificationService-[0-9A-Za-z]+\.pem$/;

/**
 * Returns the reason why the URL of a certificate is not trusted, or undefined if the URL is trusted.
 *
 * @param trustSigner an additional trusted URL; kas also trusts all URLs under this URL
 */
export function signingUrlProblem(url: string, topicArn: string, trustSigner?: string): string | undefined {
  if (trustSigner !== undefined && isUnder(url, trustSigner)) return undefined;
  const hosts = signerHosts(topicArn);
  if (hosts === undefined) return "the topic's ARN does not contain an AWS region";
  const origin = `https://${hosts.host}`;
  return url.startsWith(`${origin}/`) && PATH.test(url.slice(origin.length))
    ? undefined
    : `the URL does not have the form ${origin}/SimpleNotificationService-….pem`;
}

/**
 * Returns whether a URL is under the URL `prefix`. Compares origins and paths, because a text comparison would accept
 * `http://host:4580@evil/` under `http://host:4580`. A URL that a parser would normalize is not under any URL.
 */
function isUnder(text: string, prefix: string): boolean {
  if (!URL.canParse(text) || !URL.canParse(prefix)) return false;
  const url = new URL(text);
  const base = new URL(prefix);
  const folder = base.pathname.endsWith("/") ? base.pathname : `${base.pathname}/`;
  const isPlain = url.href === text && url.username === "" && url.password === "" && url.search === "" &&
    url.hash === "";
  return isPlain && url.origin === base.origin &&
    (url.pathname === base.pathname || url.pathname.startsWith(folder));
}
