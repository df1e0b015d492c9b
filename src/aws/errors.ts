/** AWS errors as predicates, and in an operator's words. @module */

/** The wire code of an AWS error (`err.Code ?? err.name`), undefined for any other error. */
export declare function code(error: unknown): string | undefined;
export declare function isThrottled(error: unknown): boolean;
export declare function isNotFound(error: unknown): boolean;
/** No capacity for the instance: try another one. */
export declare function isCapacity(error: unknown): boolean;
export declare function isIncorrectState(error: unknown): boolean;
/** Credentials are absent, wrong or expired, or AWS can't be reached: exit status 3. */
export declare function isOutOfReach(error: unknown): boolean;
/** One line in plain words, and what mends it. */
export declare function explain(error: unknown): { readonly message: string; readonly hint?: string };
