/**
 * Drops Deno's permissions while the process runs. The process and its threads cannot regain a dropped permission.
 *
 * Source: docs.deno.com/runtime/fundamentals/security. A process with all permissions can drop a whole kind of permission, but not
 * the permission for a single path or host.
 *
 * @module
 */

/** Kinds of Deno's permissions. `import` permits loading code from other hosts. */
export type Permission = "net" | "read" | "write" | "run" | "env" | "ffi" | "sys" | "import";

/** Drops kinds of permissions for this process and for all threads that share its permissions. */
export function dropPermissions(...kinds: readonly Permission[]): void {
  for (const name of kinds) Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
}
