/**
 * The version of kas, and the commit from which kas was built.
 *
 * @module
 */
import deno from "../../deno.json" with { type: "json" };

/** Commit that `deno task build` writes into the executable. */
declare const KAS_COMMIT: string;

/** Version of kas in deno.json. */
export const VERSION: string = deno.version;

/**
 * Origin of this build: `commit 0123abcd4567`, with `-dirty` if files differed from the commit; `commit unknown` if kas was not
 * built in a checkout; `from source` if kas runs without a build.
 */
export const ORIGIN: string = typeof KAS_COMMIT === "undefined" ? "from source" : `commit ${KAS_COMMIT}`;
