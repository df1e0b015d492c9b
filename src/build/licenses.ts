/**
 * Collects the third-party notices of the executable. `deno task licenses` writes them to src/build/licenses.txt, and
 * `kas --licenses` prints them. The build fails if a package of the bundle has no notice.
 *
 * @module
 */
import type { BundledPackage } from "./bundle.ts";
import type { Part } from "./sbom.ts";
import { bundleIntoWork, ROOT, WORK } from "./work.ts";

const FILE = `${ROOT}src/build/licenses.txt`;

/** Text of the MIT licence. Some packages name this licence without including its text. */
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;

/** Notices of the runtime in the executable. Source: github.com/denoland/deno and chromium.googlesource.com/v8/v8. */
const RUNTIME = [
  {
    title: "Deno, the runtime (https://github.com/denoland/deno)",
    text: `Copyright 2018-2026 the Deno authors\n\n${MIT}\n\n` +
      "Deno contains further components, for example V8, SQLite and Rust crates. Cargo.lock of Deno's release\n" +
      "lists the crates; each crate includes its licence.",
  },
  {
    title: "V8, the JavaScript engine in Deno (https://v8.dev)",
    text: `Copyright 2014, the V8 project authors. All rights reserved.
Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are
met:

    * Redistributions of source code must retain the above copyright
      notice, this list of conditions and the following disclaimer.
    * Redistributions in binary form must reproduce the above
      copyright notice, this list of conditions and the following
      disclaimer in the documentation and/or other materials provided
      with the distribution.
    * Neither the name of Google Inc. nor the names of its
      contributors may be used to endorse or promote products derived
      from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS
"AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT
LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR
A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT
OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT
LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE,
DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY
THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT
(INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`,
  },
] as const;

/** Copyright lines of packages without a licence file, taken from the source code of these packages. */
const COPYRIGHT: Readonly<Record<string, string>> = {
  "deno-std": "Copyright 2018-2026 the Deno authors. MIT license.",
};

/** A package in the bundle, with its licence. */
interface Package extends Pick<Part, "name" | "license"> {
  readonly author: string;
  /** Text of the package's licence and notice files, or "" if the package contains no such files. */
  readonly text: string;
}

/** Returns the packages that have no notice in src/build/licenses.txt. */
export async function withoutNotice(packages: readonly string[]): Promise<string[]> {
  const notices = await Deno.readTextFile(FILE);
  return packages.filter((name) => !new RegExp(`^- ${RegExp.escape(name)} \\(`, "m").test(notices));
}

/** Returns the notices of all packages as text. Packages with the same licence text share one section. */
export function notices(packages: readonly Package[]): string {
  const sections = Map.groupBy(packages, ({ name, license, author, text }) => {
    if (text !== "") return text;
    // A few packages of the AWS SDK contain no licence file, so that kas uses the licence text of another package of the SDK.
    const [scope] = name.split("/");
    const same = packages.find((it) =>
      it.license === license && it.text !== "" && it.name.startsWith(`${scope}/`)
    );
    if (same !== undefined) return same.text;
    if (license !== "MIT") {
      throw new Error(`Package ${name} has the licence ${license} but contains no licence text`);
    }
    return `${COPYRIGHT[name] ?? `Copyright (c) ${author}`}\n\n${MIT}`;
  });
  const rule = "-".repeat(80);
  return [
    "kas contains the following software. Each section names its packages and their licence.",
    ...RUNTIME.map(({ title, text }) => `${rule}\n${title}\n\n${text}`),
    ...[...sections].map(([text, members]) =>
      `${rule}\n${members.map(({ name, license }) => `- ${name} (${license})`).join("\n")}\n\n${text}`
    ),
  ].join("\n\n") + "\n";
}

/** Reads the version and the licence of a package. */
export async function partOf({ name, folder }: BundledPackage): Promise<Part> {
  const { version, license } = JSON.parse(await Deno.readTextFile(`${ROOT}${folder}/package.json`));
  return { name, version: String(version), license: String(license) };
}

async function read(bundled: BundledPackage): Promise<Package> {
  const folder = `${ROOT}${bundled.folder}`;
  const { author } = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  const files = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name)
    .filter((name) => /^(licen[cs]e|notice|copying)/i.test(name)).sort();
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(`${folder}/${file}`)));
  return {
    ...await partOf(bundled),
    author: typeof author === "string" ? author : String(author?.name ?? bundled.name),
    text: texts.map((text) => text.replaceAll("\r", "").trim()).join("\n\n"),
  };
}

if (import.meta.main) {
  const { packages } = await bundleIntoWork("unknown");
  await Deno.writeTextFile(FILE, notices(await Promise.all(packages.map(read))));
  await Deno.remove(WORK, { recursive: true });
}
