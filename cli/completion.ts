/**
 * Completion scripts for bash, zsh and fish, made from the commands themselves. A script has all words in it, so no
 * program starts while somebody types. It completes `npx bank-batch …` as well as `bank-batch …`.
 */
import type { Command } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

interface Words {
  /** The commands that lead there: `local up`; empty at the start. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly meaning: string }[];
}

export function completionScript(shell: Shell, program: Command): string {
  const all = wordsOf(program, []);
  if (shell === "fish") return fishScript(all);
  // zsh runs bash's completions.
  return `${shell === "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : ""}${bashScript(all)}`;
}

function wordsOf(command: Command, path: readonly string[]): Words[] {
  const options = command.options.map(({ long, description }) => ({
    word: long ?? "",
    meaning: description,
  }));
  const commands = command.commands.map((each) => ({ word: each.name(), meaning: each.description() }));
  const globals = path.length === 0 ? [] : ["--quiet", "--verbose"].map((word) => ({ word, meaning: "" }));
  const help = { word: "--help", meaning: "show the help" };
  return [
    { path: path.join(" "), words: [...commands, ...options, ...globals, help] },
    ...command.commands.flatMap((each) => wordsOf(each, [...path, each.name()])),
  ];
}

function bashScript(all: readonly Words[]): string {
  const cases = all.map(
    ({ path, words }) => `    "${path}") words="${words.map(({ word }) => word).join(" ")}" ;;`,
  );
  return `_bank_batch() {
  local at=1 path="" words="" word
  if [ "\${COMP_WORDS[0]##*/}" = npx ]; then
    [ "$COMP_CWORD" -gt 1 ] || { COMPREPLY=($(compgen -W bank-batch -- "\${COMP_WORDS[1]}")); return; }
    [ "\${COMP_WORDS[1]}" = bank-batch ] || return
    at=2
  fi
  for word in "\${COMP_WORDS[@]:$at:$((COMP_CWORD - at))}"; do
    case "$word" in -*) break ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _bank_batch bank-batch npx
`;
}

function fishScript(all: readonly Words[]): string {
  const lines = all.flatMap(({ path, words }) =>
    words.map(({ word, meaning }) => {
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${word}`;
      const text = meaning.replaceAll("'", String.raw`\'`);
      return `complete -c bank-batch -f -n '_bank_batch_at "${path}"' ${what} -d '${text}'`;
    }),
  );
  return `function _bank_batch_at
  set -l words (commandline -opc)[2..]
  set -l path
  for word in $words
    string match -q -- '-*' $word; and break
    set -a path $word
  end
  test "$path" = "$argv[1]"
end
${lines.join("\n")}
complete -c npx -n 'set -l w (commandline -opc); test "$w[2]" = bank-batch' -a '(set -l w (commandline -opc); complete -C "bank-batch $w[3..] "(commandline -ct))'
`;
}
