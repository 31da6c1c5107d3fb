/** `settings`: a deployment stage's settings for a shell. */
import type { Command } from "commander";

import { ConfigError } from "../../src/platform/errors";
import { quoted } from "../../src/platform/shell";
import { help, NAME } from "../help";
import { parseStage, stageOption } from "../options";
import { edge, ending, terminal } from "../session";
import { summed } from "../summing-up";
import { count } from "../wording";

export function addSettings(parent: Command): void {
  parent
    .command("settings")
    .description("print the settings of a deployment stage in shell syntax; reads only SSM")
    .addOption(stageOption())
    .addHelpText(
      "after",
      help(
        [[`eval "$(${NAME} settings --stage prod)"`, "use the stage from this shell"]],
        [["AWS_REGION, AWS_PROFILE, …", "the usual settings of the AWS SDK"]],
        "They contain no secret: the secret is read for each connection.",
      ),
    )
    .action(
      summed(async (flags: { readonly stage: string }) => {
        const stage = parseStage(flags.stage);
        const { accountClients } = await import("../doctor/account");
        const { readSettings } = await import("../doctor/settings");
        await terminal.begin(`reading the parameters of the stage ${stage}`);
        const settings = await ending.inTime(async (deadline) => {
          const { aws, environment } = edge(deadline);
          return readSettings({ stage, clients: await accountClients(aws), environment, deadline });
        });
        terminal.rest();
        if (settings.length === 0) {
          throw new ConfigError(`SSM has no parameters of the stage ${stage} in this account and region`, {
            hint: `Check AWS_PROFILE and AWS_REGION; ${NAME} doctor --stage ${stage} says what is missing.`,
          });
        }
        terminal.print(settings.map(([name, value]) => `export ${name}=${quoted(value)}\n`).join(""));
        return `${count(settings.length, "setting")} of the stage ${stage}`;
      }),
    );
}
