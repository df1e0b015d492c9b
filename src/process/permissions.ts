/**
 * Drops Deno's permissions while the process runs. A dropped permission cannot be regained, not even by a thread.
 *
 * Source: docs.deno.com/runtime/fundamentals/security. A process with all permissions can drop a whole kind, but not a single
 * path or host.
 *
 * @module
 */

/** The kinds of permission. `import` allows loading code from other hosts. */
export type Permission = "net" | "read" | "write" | "run" | "env" | "ffi" | "sys" | "import";

/** Drops kinds of permission for this process and all threads that share them. */
export function dropPermissions(...kinds: readonly Permission[]): void {
  for (const name of kinds) Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
}
