/**
 * Which kas this is.
 *
 * @module
 */
import deno from "../deno.json" with { type: "json" };

/** What `deno task build` writes into the executable in the place of KAS_COMMIT. */
declare const KAS_COMMIT: string;

/** The version of deno.json. */
export const VERSION: string = deno.version;

/**
 * Where it was built from: `commit 0123abcd4567`, with `-dirty` if there was more than the commit; `commit unknown` where
 * that was no checkout; `from source` if it was not built.
 */
export const ORIGIN: string = typeof KAS_COMMIT === "undefined" ? "from source" : `commit ${KAS_COMMIT}`;
