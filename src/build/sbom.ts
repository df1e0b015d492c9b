/**
 * The software bill of materials of the executable. It lists the packages and the runtime in the CycloneDX format.
 *
 * The bill contains no time and no random number, so that two builds of the same sources have the same bill.
 *
 * @module
 */
import deno from "../../deno.json" with { type: "json" };
import type { Runtime } from "./runtime.ts";

/** A package in the executable. */
export interface Part {
  readonly name: string;
  readonly version: string;
  /** The field `license` of the package's package.json: an SPDX identifier or expression. */
  readonly license: string;
}

/** The part of deno.lock that the bill uses. Its keys are `name@version`. */
export interface LockFile {
  readonly npm: Readonly<
    Record<string, { readonly integrity: string; readonly dependencies?: readonly string[] }>
  >;
}

/** The contents of an executable, which the bill describes. */
export interface Contents {
  readonly parts: readonly Part[];
  readonly lock: LockFile;
  readonly runtime: Runtime;
  /** Version of V8 in the runtime. */
  readonly v8: string;
  /** SHA-256 checksum of the executable, in hexadecimal digits. */
  readonly sha256: string;
}

/** A component in a bill of materials. Source: CycloneDX 1.6, component. */
interface Component {
  readonly type: "application" | "library" | "platform";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly cpe?: string;
  readonly hashes?: readonly { readonly alg: "SHA-256" | "SHA-512"; readonly content: string }[];
  readonly licenses: readonly License[];
  readonly components?: readonly Component[];
}

type License = { readonly license: { readonly id: string } } | { readonly expression: string };

/** A bill of materials. Source: CycloneDX 1.6, JSON schema. */
export interface Bill {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * Returns the bill of materials of an executable.
 *
 * @throws {Error} if deno.lock has no hash of a package
 */
export function billOf({ parts, lock, runtime, v8, sha256 }: Contents): Bill {
  const kas = `pkg:generic/kas@${deno.version}`;
  const denoRef = `pkg:github/denoland/deno@v${runtime.version}`;
  // In deno.lock, the name of a dependency contains the version only if the project uses several versions of this dependency.
  const refs = new Map(parts.flatMap((part) => {
    const purl = purlOf(part);
    return [[part.name, purl], [`${part.name}@${part.version}`, purl]];
  }));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": kas,
        name: "kas",
        version: deno.version,
        purl: kas,
        hashes: [{ alg: "SHA-256", content: sha256 }],
        licenses: [licenseOf(deno.license)],
      },
    },
    components: [
      {
        type: "platform",
        "bom-ref": denoRef,
        name: "deno",
        version: runtime.version,
        purl: denoRef,
        cpe: `cpe:2.3:a:deno:deno:${runtime.version}:*:*:*:*:*:*:*`,
        hashes: [{ alg: "SHA-256", content: runtime.sha256 }],
        licenses: [licenseOf("MIT")],
        components: [{
          type: "library",
          "bom-ref": `pkg:github/v8/v8@${v8}`,
          name: "v8",
          version: v8,
          purl: `pkg:github/v8/v8@${v8}`,
          licenses: [licenseOf("BSD-3-Clause")],
        }],
      },
      ...parts.map((part): Component => ({
        type: "library",
        "bom-ref": purlOf(part),
        name: part.name,
        version: part.version,
        purl: purlOf(part),
        hashes: [{ alg: "SHA-512", content: hashOf(lockedOf(lock, part).integrity) }],
        licenses: [licenseOf(part.license)],
      })),
    ],
    dependencies: [
      { ref: kas, dependsOn: [denoRef, ...parts.map(purlOf)] },
      ...parts.map((part) => ({
        ref: purlOf(part),
        dependsOn: (lockedOf(lock, part).dependencies ?? []).flatMap((name) => refs.get(name) ?? []),
      })),
    ],
  };
}

function lockedOf(lock: LockFile, { name, version }: Part): LockFile["npm"][string] {
  const locked = lock.npm[`${name}@${version}`];
  if (locked === undefined) throw new Error(`deno.lock has no hash of ${name}@${version}`);
  return locked;
}

/** Returns the package URL of a package. Source: github.com/package-url/purl-spec, the type npm. */
function purlOf({ name, version }: Part): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** Returns the digest of a Subresource Integrity value, such as `sha512-VSDB…`, in hexadecimal digits. */
function hashOf(integrity: string): string {
  const digest = /^sha512-(\S+)$/.exec(integrity)?.[1];
  if (digest === undefined) {
    throw new Error(`deno.lock has the hash ${integrity}, which is not a SHA-512 hash`);
  }
  return Uint8Array.fromBase64(digest).toHex();
}

/**
 * Returns a licence as CycloneDX writes it. An SPDX expression such as `MIT OR Apache-2.0` contains spaces, an identifier does
 * not.
 */
function licenseOf(license: string): License {
  return /\s/.test(license)
    ? { expression: license.replace(/^\((.*)\)$/, "$1") }
    : { license: { id: license } };
}
