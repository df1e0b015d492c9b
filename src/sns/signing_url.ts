/**
 * The URLs of signing certificates (R14). Only SNS's own host in the topic's region is trusted.
 *
 * @module
 */

/**
 * The form of SNS's URLs. It is compared with the text, because a URL parser would repair case, user, port,
 * trailing dot and encoded letters. Only the last part of a region may be a number, which excludes the bucket
 * `sns.s3-ap-southeast-2.amazonaws.com`.
 */
const SNS_URL =
  /^https:\/\/sns\.(?<region>[a-z]{2,4}(?:-[a-z]+)+-\d{1,2})\.amazonaws\.com(?<china>\.cn)?\/SimpleNotificationService-[0-9A-Za-z]+\.pem$/;

/**
 * Why a certificate's URL is not trusted. Undefined if it is trusted.
 *
 * @param trustSigner URLs under this one are trusted too
 */
export function signingUrlProblem(url: string, topicArn: string, trustSigner?: string): string | undefined {
  if (trustSigner !== undefined && isUnder(url, trustSigner)) return undefined;
  const { region, china } = SNS_URL.exec(url)?.groups ?? {};
  if (region === undefined) {
    return "the URL is not of the form https://sns.<region>.amazonaws.com[.cn]/SimpleNotificationService-….pem";
  }
  const [, partition, , topicRegion] = topicArn.split(":");
  if (region !== topicRegion) return "the URL's region is not the topic's";
  if ((china !== undefined) !== (partition === "aws-cn")) {
    return "the URL's domain is not that of the topic's partition";
  }
  return undefined;
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
