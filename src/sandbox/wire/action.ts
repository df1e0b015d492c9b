/**
 * Types that all services of the sandbox share. An action receives the input of a request and returns the output of the response,
 * both with the names of the AWS API. The wire protocol does not matter to an action.
 *
 * @module
 */

/**
 * Input of an API request or output of a response, with the names of the AWS API, such as `InstanceIds: ["i-1"]`. In the query
 * protocols, every scalar is text.
 */
export type Shape = { readonly [name: string]: unknown };

/** An API action of a service. Throws {@linkcode AwsError}. */
export type Action = (input: Shape) => Shape | void | Promise<Shape | void>;

/** The API actions of a service by name. */
export type Service = Readonly<Record<string, Action>>;

/** An error that the endpoint returns with AWS's error code and HTTP status. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  constructor(readonly code: string, message: string, readonly status = 400) {
    super(message);
  }
}

/** Id of the sandbox's only AWS account. */
export const ACCOUNT_ID = "000000000000";
