/** The command line: its commands, flags and help. What a command needs is loaded when it is asked for. */
import { Command } from "commander";

import { version } from "../package.json";
import { addExtract } from "./commands/extract";
import { addDemo, addLocal } from "./commands/local";
import { addReport } from "./commands/report";
import { addStatus } from "./commands/status";
import { addVerify } from "./commands/verify";
import { help, NAME } from "./help";
import { coloured } from "./terminal";

export function program(): Command {
  const command = new Command("bank-batch")
    .description(
      "Files for each bank and month, from Aurora PostgreSQL to S3: all banks or none, one manifest a month.",
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError(`Try:   ${NAME} --help`)
    .configureHelp({ styleTitle: (title) => coloured("bold", title, "stdout"), showGlobalOptions: false })
    .configureOutput({
      outputError: (text, write) => {
        write(text.replace(/^error: /, `${coloured("red", "Error:")} `));
      },
    });
  addExtract(command);
  addStatus(command);
  addVerify(command);
  addReport(command);
  addDemo(command);
  addLocal(command);
  return command.addHelpText(
    "after",
    help(
      [
        [`${NAME} demo`, "see it work, with nothing set and nothing but Node.js"],
        [`${NAME} extract --month 2026-09`, "publish a closed month"],
        [`${NAME} status`, "which months of which banks are there"],
        [`${NAME} extract --help`, "more on a command, its settings too"],
      ],
      [],
    ),
  );
}
