/**
 * The URLs of signing certificates (R14). Only SNS's own host in the topic's region is trusted.
 *
 * @module
 */
import { signerHosts } from "./signer_hosts.ts";

/**
 * The path of a signing certificate. The whole URL is compared as text, because a URL parser would repair case,
 * user, port, trailing dot and encoded letters.
 */
const PATH = /^\/SimpleNotificationService-[0-9A-Za-z]+\.pem$/;

/**
 * Why a certificate's URL is not trusted. Undefined if it is trusted.
 *
 * @param trustSigner URLs under this one are trusted too
 */
export function signingUrlProblem(url: string, topicArn: string, trustSigner?: string): string | undefined {
  if (trustSigner !== undefined && isUnder(url, trustSigner)) return undefined;
  const hosts = signerHosts(topicArn);
  if (hosts === undefined) return "the topic's ARN has no region of AWS";
  const origin = `https://${hosts.host}`;
  return url.startsWith(`${origin}/`) && PATH.test(url.slice(origin.length))
    ? undefined
    : `the URL is not of the form ${origin}/SimpleNotificationService-….pem`;
}

/**
 * Whether a URL is under another. Origins and paths are compared, because `http://host:4580@evil/` also begins with
 * `http://host:4580`. A text that a URL parser would repair is not under any URL.
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
