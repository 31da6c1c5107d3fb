/** `completion`: what makes a shell complete the commands. */
import { Argument, type Command } from "commander";

import { help, NAME } from "../help";
import { terminal } from "../session";

export function addCompletion(parent: Command): void {
  parent
    .command("completion")
    .description("print a script that makes a shell complete commands and flags, also after npx")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      help(
        [
          [`source <(${NAME} completion bash)`, "in ~/.bashrc, from the project's folder; zsh likewise"],
          [`${NAME} completion fish | source`, "in ~/.config/fish/config.fish"],
        ],
        [],
      ),
    )
    .action(async (shell: string) => {
      const { completionScript, shells } = await import("../completion");
      const known = shells.find((each) => each === shell) ?? "bash";
      terminal.print(completionScript(known, parent));
    });
}
