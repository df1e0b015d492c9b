import type { HostFacts } from "../../../../src/provision/host/facts.ts";

/** The facts of a Debian host without kas. */
export const BARE: HostFacts = {
  osIds: ["debian"],
  osName: "Debian GNU/Linux 12 (bookworm)",
  arch: "x86_64",
  freeBytes: 1e9,
  locked: false,
  interrupted: false,
  programs: new Set(["apt-get", "systemctl"]),
  files: new Map(),
  units: new Map([["nginx", { active: false, enabled: false }]]),
  settings: undefined,
  servicesRespond: false,
};
