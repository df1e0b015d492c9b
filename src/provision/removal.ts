/**
 * Provisioning undone, as steps: what kas put on a host goes; nginx stays, and so does what the autoscaler has recorded.
 *
 * @module
 */
import type { Facts } from "./facts.ts";
import { SYSUSERS } from "./files.ts";
import { BINARY, PREVIOUS } from "./paths.ts";
import { type Action, RELOAD_UNITS, type Step } from "./steps.ts";

/** Folders that are there for kas alone, the inner ones first. */
const FOLDERS = ["/etc/kas/tls", "/etc/kas", "/etc/nginx/kas-autoscaler"];

/** The steps that take away what of `paths` and `units` is there. */
export function removal(paths: readonly string[], units: readonly string[]): readonly Step[] {
  const there = ({ files }: Facts) =>
    paths.filter((path) => files.has(path) && path !== BINARY && path !== PREVIOUS);
  const binaries = ({ files }: Facts) => [BINARY, PREVIOUS].filter((path) => files.has(path));
  const served = (facts: Facts) =>
    units.filter((unit) => facts.units.get(unit)?.enabled || facts.units.get(unit)?.active);
  return [
    {
      title: "services",
      check: (facts) => served(facts).length === 0,
      apply: (facts) => [{ words: ["systemctl", "disable", "-q", "--now", ...served(facts)] }],
    },
    {
      title: "files",
      check: (facts) => there(facts).length === 0,
      apply: (facts): Action[] => [
        { words: ["rm", "-f", ...there(facts)] },
        ...FOLDERS.filter((folder) => there(facts).some((path) => path.startsWith(`${folder}/`))).map((
          folder,
        ) => ({
          words: ["rmdir", "--ignore-fail-on-non-empty", folder],
        })),
        ...(facts.files.has(SYSUSERS) ? [{ words: ["groupdel", "kas"] }] : []),
        { words: RELOAD_UNITS },
        ...(facts.units.get("nginx")?.active ? [{ words: ["systemctl", "reload", "nginx"] }] : []),
      ],
    },
    {
      title: "binary",
      check: (facts) => binaries(facts).length === 0,
      apply: (facts) => [{ words: ["rm", "-f", ...binaries(facts)] }],
    },
  ];
}
