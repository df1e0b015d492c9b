/**
 * nginx 1.18, the oldest version in a supported Ubuntu (20.04 and 22.04). `deno run -A tests/e2e/nginx/oldest.ts` unpacks Debian 11's
 * package beside the system's own nginx, before the tests.
 *
 * @module
 */
import { execute } from "../../support/kas.ts";
import type { Need } from "../../support/needs.ts";
import { mirror } from "../machines/root_fs.ts";

const FOLDER = "/var/cache/kas-tests/nginx-1.18";

/** nginx, and its libraries that Debian 12 no longer has. */
const PACKAGES = ["nginx-core", "libssl1.1", "libpcre3"];

/** The program and the paths of its libraries. Debian 11 has some libraries in /lib. */
export const OLDEST = {
  path: `${FOLDER}/root/usr/sbin/nginx`,
  env: {
    LD_LIBRARY_PATH: ["usr/lib", "lib"].map((lib) => `${FOLDER}/root/${lib}/${Deno.build.arch}-linux-gnu`)
      .join(":"),
  },
};

/** Downloads the packages with apt. apt uses separate package lists, so that the system's lists do not change. */
async function make(): Promise<void> {
  const [apt, root, keyring] = [
    `${FOLDER}/apt`,
    `${FOLDER}/root`,
    "/usr/share/keyrings/debian-archive-keyring.gpg",
  ];
  for (const folder of [`${apt}/lists/partial`, `${apt}/cache/archives/partial`, `${apt}/packages`, root]) {
    await Deno.mkdir(folder, { recursive: true });
  }
  await Deno.writeTextFile(
    `${apt}/sources.list`,
    `deb [signed-by=${keyring}] ${mirror().href} bullseye main\n`,
  );
  await Deno.writeTextFile(`${apt}/status`, "");
  const options = {
    "Dir::Etc::sourcelist": `${apt}/sources.list`,
    "Dir::Etc::sourceparts": "-",
    "Dir::State::lists": `${apt}/lists`,
    "Dir::State::status": `${apt}/status`,
    "Dir::Cache": `${apt}/cache`,
    "APT::Sandbox::User": "root",
  };
  const lines = Object.entries(options).map(([name, value]) => `${name} "${value}";\n`);
  await Deno.writeTextFile(`${apt}/apt.conf`, lines.join(""));
  const script = `cd ${apt}/packages && apt-get update -q && apt-get download -q ${PACKAGES.join(" ")} &&
    for package in *.deb; do dpkg-deb -x "$package" ${root} || exit; done && rm -r ${apt}`;
  const { code, stdout, stderr } = await execute(["sh", "-c", script], { APT_CONFIG: `${apt}/apt.conf` });
  if (code !== 0) throw new Error(`Cannot get nginx 1.18: ${(stdout + stderr).slice(-2_000)}`);
}

function isMade(): boolean {
  try {
    return Deno.statSync(OLDEST.path).isFile;
  } catch {
    return false;
  }
}

/** The need of the tests with nginx 1.18. */
export const OLDEST_NEED: Need = {
  what: "nginx 1.18 is missing: deno run -A tests/e2e/nginx/oldest.ts",
  met: isMade(),
};

if (import.meta.main && !isMade()) await make();
