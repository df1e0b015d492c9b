/**
 * Errors in the form of the SDK's.
 *
 * @module
 */

/** Creates an SDK error. EC2's errors have the code as their name; the query services' errors have it as `Code`. */
export function sdkError(name: string, message?: string, Code?: string): Error {
  const error = Object.assign(new Error(message ?? "It failed."), {
    $fault: "client",
    $metadata: { httpStatusCode: 400 },
  });
  error.name = name;
  return Code === undefined ? error : Object.assign(error, { Code });
}
