/**
 * `kas admin completions`: a shell's completion script, generated from the tree of commands.
 *
 * @module
 */
import { type Command, command, type Entry, type Group, kebab, type Options } from "../../cli/command.ts";
import { COMMON_OPTIONS } from "../../cli/common_options.ts";

/** A word that can be completed, and what it is for. */
interface Word {
  readonly word: string;
  readonly summary: string;
}

/** What can follow a command: subcommands or flags. */
interface Place {
  /** The command's words: `kas admin instances`. */
  readonly path: string;
  readonly words: readonly Word[];
  /** The flags that take one of a few words, and those words. */
  readonly choices: readonly { readonly flag: string; readonly words: readonly string[] }[];
}

/** Every place of a tree of commands; what is loaded when chosen is loaded for it. */
export async function places(root: Group): Promise<Place[]> {
  return await below(root, [root.name]);
}

async function below(entry: Command | Group, path: readonly string[]): Promise<Place[]> {
  if (!("commands" in entry)) return [place(path, entry.options, [])];
  const loaded = await Promise.all(entry.commands.map(load));
  const inner = await Promise.all(loaded.map((child) => below(child, [...path, child.name])));
  // A group's default verb takes its flags without being named.
  const named = loaded.find(({ name }) => name === entry.default);
  const options = named === undefined || "commands" in named ? {} : named.options;
  const words = entry.commands.map(({ name, summary }) => ({ word: name, summary }));
  return [place(path, options, words), ...inner.flat()];
}

async function load(entry: Entry): Promise<Command | Group> {
  return "load" in entry ? await entry.load() : entry;
}

function place(path: readonly string[], own: Options, subcommands: readonly Word[]): Place {
  const options: Options = Object.keys(own).length > 0 || subcommands.length === 0
    ? { ...COMMON_OPTIONS, ...own }
    : {};
  const flags = Object.entries(options).map(([name, option]) => ({ flag: `--${kebab(name)}`, option }));
  return {
    path: path.join(" "),
    words: [...subcommands, ...flags.map(({ flag, option }) => ({ word: flag, summary: option.help }))],
    choices: flags.flatMap(({ flag, option }) =>
      option.choices === undefined ? [] : [{ flag, words: option.choices }]
    ),
  };
}

/** The shells, and what makes the script of each. */
const SHELLS = { bash, zsh, fish } as const;

/**
 * For bash 4 and later. The words before the cursor that name commands make the path; the rest are flags and arguments,
 * which end the search for more.
 */
function bash(all: readonly Place[]): string {
  const words = all.map(({ path, words }) =>
    `    ${q(path)}) words=${q(words.map(({ word }) => word).join(" "))} ;;`
  );
  const choices = all.flatMap(({ path, choices }) =>
    choices.map(({ flag, words }) => `    ${q(`${path} ${flag}`)}) words=${q(words.join(" "))} ;;`)
  );
  return `# bash completion for kas: source <(kas admin completions bash)
_kas() {
  local path=kas words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    _kas_words "$path \${COMP_WORDS[i]}" || break
    path+=" \${COMP_WORDS[i]}"
  done
  _kas_words "$path"
  case "$path \${COMP_WORDS[COMP_CWORD-1]}" in
${choices.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
_kas_words() {
  case "$1" in
${words.join("\n")}
    *) return 1 ;;
  esac
}
complete -o default -F _kas kas
`;
}

/** As bash's, with the words' summaries. `words` is zsh's own name for what is being completed. */
function zsh(all: readonly Place[]): string {
  const colon = (text: string) => text.replaceAll(/[\\:]/g, "\\$&");
  const words = all.map(({ path, words }) =>
    `    ${q(path)}) found=(${
      words.map(({ word, summary }) => q(`${colon(word)}:${colon(summary)}`)).join(" ")
    }) ;;`
  );
  const choices = all.flatMap(({ path, choices }) =>
    choices.map(({ flag, words }) => `    ${q(`${path} ${flag}`)}) found=(${words.map(q).join(" ")}) ;;`)
  );
  return `#compdef kas
# zsh completion for kas: kas admin completions zsh > "\${fpath[1]}/_kas"
_kas() {
  local place=kas i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    _kas_words "$place $words[i]" || break
    place+=" $words[i]"
  done
  _kas_words "$place"
  case "$place $words[CURRENT-1]" in
${choices.join("\n")}
  esac
  _describe kas found || _files
}
_kas_words() {
  case "$1" in
${words.join("\n")}
    *) return 1 ;;
  esac
}
if [ "$funcstack[1]" = _kas ]; then _kas "$@"; else compdef _kas kas; fi
`;
}

function fish(all: readonly Place[]): string {
  const lines = all.flatMap(({ path, words, choices }) => [
    ...words.map(({ word, summary }) =>
      `complete -c kas -n ${fishQuote(`__kas_at ${path}`)} -a ${fishQuote(word)} -d ${fishQuote(summary)}`
    ),
    ...choices.map(({ flag, words }) =>
      `complete -c kas -f -n ${fishQuote(`__kas_after ${flag} ${path}`)} -a ${fishQuote(words.join(" "))}`
    ),
  ]);
  return `# fish completion for kas: kas admin completions fish > ~/.config/fish/completions/kas.fish
set -g __kas_paths ${all.map(({ path }) => fishQuote(path)).join(" ")}
function __kas_at
    set -l words (commandline -opc)
    set -l path kas
    for word in $words
        contains -- "$path $word" $__kas_paths; and set path "$path $word"
    end
    test "$path" = "$argv"
end
function __kas_after
    set -l words (commandline -opc)
    test "$words[-1]" = "$argv[1]"; and __kas_at $argv[2..-1]
end
${lines.join("\n")}
`;
}

/** Quotes a word for bash and zsh. */
function q(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Quotes a word for fish, which knows two escapes within single quotes. */
function fishQuote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}

/** `kas admin completions`. */
export const completions: Group = {
  name: "completions",
  summary: "Completions for bash, zsh or fish",
  commands: Object.entries(SHELLS).map(([name, script]) =>
    command({
      name,
      summary: `Print the completion script for ${name}`,
      options: {},
      run: async ({ root, out }) => out.line(script(await places(root)).trimEnd()),
    })
  ),
};
