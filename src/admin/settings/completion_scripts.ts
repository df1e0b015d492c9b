/**
 * Completion scripts for bash, zsh and fish.
 *
 * @module
 */
import type { CompletionPoint } from "./completion_points.ts";

/**
 * Returns the completion script for bash 4 and later. The script finds the command that the words before the cursor name, up to the
 * first flag or argument, and offers the words of that command.
 */
export function bash(all: readonly CompletionPoint[]): string {
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

/**
 * Returns the completion script for zsh, which also shows summaries. In the script, zsh sets `words` to the words of the command
 * line.
 */
export function zsh(all: readonly CompletionPoint[]): string {
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

/** Returns the completion script for fish. */
export function fish(all: readonly CompletionPoint[]): string {
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

/** Quotes a word for fish. Within single quotes, fish reads two escapes: `\'` and `\\`. */
function fishQuote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
