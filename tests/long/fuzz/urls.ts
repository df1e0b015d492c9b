/**
 * URLs of certificates in forged messages. The autoscaler must refuse each URL and send no request to it.
 *
 * @module
 */
const HOST = "sns.eu-west-1.amazonaws.com";
const PATH = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

/** @param canary `http://127.0.0.1:PORT`, which records requests; @param trusted the trusted prefix, with a slash */
export function forgedUrls(canary: string, trusted: string): readonly string[] {
  const { host, port } = new URL(canary);
  const base = new URL(trusted);
  return [
    ...[`http://${HOST}`, `HTTPS://${HOST}`, `ftp://${HOST}`, `https:/${HOST}`, `https:${HOST}`, `//${HOST}`]
      .map((it) => it + PATH),
    ...[
      `https:///${HOST}`,
      `https:\\\\${HOST}`,
      `https://${HOST}\\`,
      `https://${HOST}.`,
      `https://${HOST}:443`,
    ].map((it) => it + PATH),
    ...[`https://${HOST}:80`, `https://${HOST}:${port}`, `https://user@${HOST}`, `https://user:pw@${HOST}`]
      .map((it) => it + PATH),
    ...[
      `https://${HOST}@${host}`,
      `https://${host}#@${HOST}`,
      `https://${host}?@${HOST}`,
      `https://${host}/@${HOST}`,
    ].map((it) => it + PATH),
    ...[`https://${host}\\@${HOST}`, `https://${HOST}%2f@${host}`, `https://${HOST}%00.evil.example`].map((
      it,
    ) => it + PATH),
    ...["evil.example", `${HOST}.evil.example`, `evil-${HOST}`, `evil.${HOST}`, `${HOST}evil.example`].map((
      it,
    ) => `https://${it}${PATH}`),
    ...[
      "sns.eu-west-1xamazonaws.com",
      "sns.amazonaws.com",
      "sns..amazonaws.com",
      "sns.eu-west-1.amazonaws.com.cn",
    ].map((it) => `https://${it}${PATH}`),
    ...[
      "sns.s3-ap-southeast-2.amazonaws.com",
      "sns.s3.eu-west-1.amazonaws.com",
      "sns.s3-website-eu-west-1.amazonaws.com",
    ].map((it) => `https://${it}${PATH}`),
    ...[
      "sns.us-east-1.amazonaws.com",
      "sns.EU-WEST-1.amazonaws.com",
      "sns.eu-west-01.amazonaws.com",
      "sns.eu-west.amazonaws.com",
    ].map((it) => `https://${it}${PATH}`),
    ...[
      "sns.eu-west-1%2eamazonaws.com",
      "sns%2eeu-west-1.amazonaws.com",
      "xn--sns-eu-west-1-9za.amazonaws.com",
    ].map((it) => `https://${it}${PATH}`),
    ...[
      "sns.eu-west-1.аmazonaws.com",
      "ｓns.eu-west-1.amazonaws.com",
      "sns.eu-west-1.amazonaws。com",
      "sns.eu‑west‑1.amazonaws.com",
    ].map((it) => `https://${it}${PATH}`),
    ...[
      "sqs.eu-west-1.amazonaws.com",
      "eu-west-1.amazonaws.com",
      "sns.eu-west-1.amazonaws.co",
      "sns.eu-west-1.api.aws",
    ].map((it) => `https://${it}${PATH}`),
    ...[
      "169.254.169.254",
      "[fd00:ec2::254]",
      "127.0.0.1",
      "[::1]",
      "localhost",
      "0x7f000001",
      "2130706433",
      "0",
      "127.1",
    ].map((it) => `https://${it}${PATH}`),
    ...["169.254.169.254/latest/meta-data", "169.254.170.2/v2/credentials", `${host}${PATH}`].map((it) =>
      `http://${it}`
    ),
    ...["?x=1", "#x", "?.pem", ";.pem", "/", "%00", "%0d%0aX: y", ".exe", " ", "\t", "\n", "\r\n"].map((it) =>
      `https://${HOST}${PATH}${it}`
    ),
    ...[
      "/evil.pem",
      "//SimpleNotificationService-1.pem",
      "/x/../SimpleNotificationService-1.pem",
      "/SimpleNotificationService-.pem",
    ].map((it) => `https://${HOST}${it}`),
    ...[
      "/SimpleNotificationService-%2e%2e.pem",
      "/SimpleNotificationService-1/../../evil.pem",
      "/simplenotificationservice-1.pem",
    ].map((it) => `https://${HOST}${it}`),
    ...["/SimpleNotificationService-1.PEM", "/SimpleNotificationService-é.pem", "", "/"].map((it) =>
      `https://${HOST}${it}`
    ),
    ...["\nhttps://", " https://", "https ://", "ht\ttps://", "view-source:https://", "blob:https://"].map((
      it,
    ) => `${it}${HOST}${PATH}`),
    "file:///etc/passwd",
    "file:///SimpleNotificationService-1.pem",
    "data:application/x-pem-file;base64,LS0tLS1CRUdJTg==",
    "javascript:fetch(1)",
    "SimpleNotificationService-1.pem",
    PATH,
    "*",
    // Beside the trusted prefix.
    `${canary}/certs/signer.pem`,
    `${base.origin}/elsewhere/signer.pem`,
    `${base.origin}/certs/../elsewhere.pem`,
    `${base.origin}/certs/%2e%2e/elsewhere.pem`,
    `${base.origin}/certs\\..\\elsewhere.pem`,
    `${base.origin}/certsigner.pem`,
    `${base.origin}@${host}/certs/signer.pem`,
    `http://user@${base.host}/certs/signer.pem`,
    `https://${base.host}/certs/signer.pem`,
    `${base.protocol}//${base.hostname}:${port}/certs/signer.pem`,
    `${trusted}signer.pem?to=${canary}`,
    `${trusted}signer.pem#x`,
  ];
}
