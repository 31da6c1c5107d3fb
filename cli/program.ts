/** The command line with all of its commands. Each command loads its code only when it is used. */
import { Command } from "commander";

import { version } from "../package.json";
import { addBackfill } from "./commands/backfill";
import { addCompletion } from "./commands/completion";
import { addDoctor } from "./commands/doctor";
import { addExtract } from "./commands/extract";
import { addIntake } from "./commands/intake";
import { addLake } from "./commands/lake";
import { addLineage } from "./commands/lineage";
import { addDemo, addLocal } from "./commands/local";
import { addQuery } from "./commands/query";
import { addRefine } from "./commands/refine";
import { addReport } from "./commands/report";
import { addSettings } from "./commands/settings";
import { addStatus } from "./commands/status";
import { addVerify } from "./commands/verify";
import { addWithdraw } from "./commands/withdraw";
import { help, NAME } from "./help";
import { withManner } from "./options";
import { coloured } from "./terminal";

export function program(): Command {
  const command = new Command("bank-batch")
    .description(
      "Publishes one file per bank and month from Aurora PostgreSQL to S3: all banks or none, one manifest per month.",
    )
    .version(version)
    .exitOverride()
    .configureHelp({ styleTitle: (title) => coloured("bold", title, "stdout"), showGlobalOptions: true })
    // `mistakes.ts` words commander's errors like all others.
    .configureOutput({ outputError: () => undefined });
  withManner(command);
  addExtract(command);
  addBackfill(command);
  addStatus(command);
  addVerify(command);
  addReport(command);
  addWithdraw(command);
  addIntake(command);
  addLake(command);
  addRefine(command);
  addLineage(command);
  addQuery(command);
  addDoctor(command);
  addSettings(command);
  addCompletion(command);
  addDemo(command);
  addLocal(command);
  return command.addHelpText(
    "after",
    help(
      [
        [`${NAME} demo`, "see it work; needs only Node.js and no settings"],
        [`${NAME} extract --month 2026-09`, "publish a closed month"],
        [`${NAME} intake loans_20260930T220000Z.dat --bank FirstNational`, "load a bank's file"],
        [`${NAME} status`, "show which months of which banks are published"],
        [`${NAME} extract --help`, "details of a command, with its settings"],
      ],
      [],
    ),
  );
}
