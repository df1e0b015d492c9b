/**
 * How AWS turns down whom it knows: no policy allows it, or the signature is of another time. Each service has its own words.
 *
 * @module
 */
import { ACCOUNT, AwsError } from "./service.ts";
import type { ServiceName } from "./wire.ts";

/** What AWS answers whom no policy allows the action. */
export function denied(service: ServiceName, permission: string): AwsError {
  const user = `arn:aws:iam::${ACCOUNT}:user/sandbox`;
  switch (service) {
    case "ec2":
      return new AwsError(
        "UnauthorizedOperation",
        `You are not authorized to perform this operation. User: ${user} is not authorized to perform: ${permission} ` +
          "because no identity-based policy allows it. Encoded authorization failure message: c2FuZGJveA",
        403,
      );
    case "sns":
      return new AwsError(
        "AuthorizationError",
        `User: ${user} is not authorized to perform: ${permission} on resource: *`,
        403,
      );
    case "elasticloadbalancing":
    case "elasticloadbalancing-v2":
    case "monitoring":
      return new AwsError("AccessDenied", `User: ${user} is not authorized to perform: ${permission}`, 403);
  }
}

/** What AWS answers to a signature of another time than its own. */
export function expired(service: ServiceName, signedAt: number, now: number): AwsError {
  if (service === "ec2") return new AwsError("RequestExpired", "Request has expired.");
  const told = signedAt < now
    ? `Signature expired: ${basicTime(signedAt)} is now earlier than ${basicTime(now)}`
    : `Signature not yet current: ${basicTime(signedAt)} is still later than ${basicTime(now)}`;
  return new AwsError(
    service === "monitoring" ? "InvalidSignatureException" : "SignatureDoesNotMatch",
    told,
    403,
  );
}

function basicTime(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}
