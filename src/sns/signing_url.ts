/**
 * Where a signing certificate may come from (R14): SNS's own host in the topic's region, and nowhere else.
 *
 * @module
 */

/**
 * The one form of URL that SNS signs from, held against the text itself rather than a parsed URL: nothing that a parser
 * would mend (case, userinfo, port, trailing dot, encoded letters) gets through. A region has no digit but its last, which
 * keeps out `sns.s3-ap-southeast-2.amazonaws.com`, a bucket called sns.
 */
const AWS_FORM =
  /^https:\/\/sns\.(?<region>[a-z]{2,4}(?:-[a-z]+)+-\d{1,2})\.amazonaws\.com(?<china>\.cn)?\/SimpleNotificationService-[0-9A-Za-z]+\.pem$/;

/**
 * Why a certificate may not be fetched from a URL, undefined if it may.
 *
 * @param trustSigner certificates from under this URL count too
 */
export function signingUrlProblem(url: string, topicArn: string, trustSigner?: string): string | undefined {
  if (trustSigner !== undefined && isUnder(url, trustSigner)) return undefined;
  const { region, china } = AWS_FORM.exec(url)?.groups ?? {};
  if (region === undefined) {
    return "it is not of the form https://sns.<region>.amazonaws.com[.cn]/SimpleNotificationService-….pem";
  }
  const [, partition, , topicRegion] = topicArn.split(":");
  if (region !== topicRegion) return "its region is not the topic's";
  if ((china !== undefined) !== (partition === "aws-cn")) {
    return "its domain is not that of the topic's partition";
  }
  return undefined;
}

/**
 * Compares what a fetch would go to, origin and path, not the texts: `http://host:4580@evil/` begins like `http://host:4580`.
 * Nor is a text taken that a parser would mend, though it led to the same place.
 */
function isUnder(text: string, prefix: string): boolean {
  if (!URL.canParse(text) || !URL.canParse(prefix)) return false;
  const url = new URL(text);
  const base = new URL(prefix);
  const folder = base.pathname.endsWith("/") ? base.pathname : `${base.pathname}/`;
  const plain = url.href === text && url.username === "" && url.password === "" && url.search === "" &&
    url.hash === "";
  return plain && url.origin === base.origin &&
    (url.pathname === base.pathname || url.pathname.startsWith(folder));
}
