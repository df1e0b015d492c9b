/**
 * AWS's errors for requests without access: no policy allows the action, the signature is missing, or the signature has expired.
 * Each service has its own error code and message.
 *
 * @module
 */
import { ACCOUNT_ID, AwsError } from "./action.ts";
import type { ServiceName } from "./service_name.ts";

/** Returns AWS's error for an action that no IAM policy allows. */
export function accessDenied(service: ServiceName, permission: string): AwsError {
  const user = `arn:aws:iam::${ACCOUNT_ID}:user/sandbox`;
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

/** Returns AWS's error for a request without a signature. */
export function missingSignature(service: ServiceName): AwsError {
  return service === "ec2"
    ? new AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    : new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
}

/** Returns AWS's error for a signature whose time differs too much from AWS's time. */
export function signatureExpired(service: ServiceName, signedAt: number, now: number): AwsError {
  if (service === "ec2") return new AwsError("RequestExpired", "Request has expired.");
  const code = service === "monitoring" ? "InvalidSignatureException" : "SignatureDoesNotMatch";
  const message = signedAt < now
    ? `Signature expired: ${basicTime(signedAt)} is now earlier than ${basicTime(now)}`
    : `Signature not yet current: ${basicTime(signedAt)} is still later than ${basicTime(now)}`;
  return new AwsError(code, message, 403);
}

/** Formats a time as `20261125T091500Z`. */
function basicTime(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}
