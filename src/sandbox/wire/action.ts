/**
 * The types that the sandbox's services share. An action takes the request's input and returns the response's output, both with
 * the API's own names. It does not know which wire protocol carried them.
 *
 * @module
 */

/**
 * The input of a request or the output of a response, with the names of the API's model (`InstanceIds: ["i-1"]`). The query
 * protocols carry every scalar as text.
 */
export type Shape = { readonly [name: string]: unknown };

/** One action of a service. Throws {@linkcode AwsError}. */
export type Action = (input: Shape) => Shape | void | Promise<Shape | void>;

/** The actions of a service by name. */
export type Service = Readonly<Record<string, Action>>;

/** An error that the endpoint sends with AWS's own code and HTTP status. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  constructor(readonly code: string, message: string, readonly status = 400) {
    super(message);
  }
}

/** The id of the sandbox's only AWS account. */
export const ACCOUNT_ID = "000000000000";
