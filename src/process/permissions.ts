/**
 * Deno's permissions, given up while the process runs: what is gone can't be had back, by no thread either.
 *
 * Source: docs.deno.com/runtime/fundamentals/security. Where all was allowed a whole kind can go, a single path or host can't.
 *
 * @module
 */

/** The kinds of permission. `import` is that to load code from elsewhere. */
export type Permission = "net" | "read" | "write" | "run" | "env" | "ffi" | "sys" | "import";

/** Gives kinds of permission up, for this process and every thread that shares them. */
export function giveUp(...kinds: readonly Permission[]): void {
  for (const name of kinds) Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
}
