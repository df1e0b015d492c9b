/**
 * The version and origin of this kas.
 *
 * @module
 */
import deno from "../../deno.json" with { type: "json" };

/** `deno task build` replaces KAS_COMMIT in the executable. */
declare const KAS_COMMIT: string;

/** The version in deno.json. */
export const VERSION: string = deno.version;

/**
 * The origin of this build: `commit 0123abcd4567`, with `-dirty` if files differed from the commit; `commit unknown` if it was
 * not built in a checkout; `from source` if it runs without a build.
 */
export const ORIGIN: string = typeof KAS_COMMIT === "undefined" ? "from source" : `commit ${KAS_COMMIT}`;
