/** `doctor`: looks at a deployment stage before its first run. */
import type { Command } from "commander";

import { BatchError } from "../../src/platform/errors";
import type { Finding } from "../doctor/finding";
import { help, NAME } from "../help";
import { asJson, type Flags, parseStage, stageOption } from "../options";
import { edge, ending, terminal } from "../session";
import { summed } from "../summing-up";
import { coloured } from "../terminal";
import { count } from "../wording";

const marks = { fine: ["green", "✓"], wrong: ["red", "✗"], unknown: ["yellow", "–"] } as const;

export function addDoctor(parent: Command): void {
  parent
    .command("doctor")
    .description("check whether a deployment stage has everything that a run needs; changes nothing")
    .addOption(stageOption())
    .addOption(asJson("the findings"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} doctor --stage dev`, "before the first run, and after terraform apply"],
          [`${NAME} doctor --stage prod --json`, "for a machine"],
        ],
        [
          ["AWS_REGION, AWS_PROFILE, …", "the usual settings of the AWS SDK"],
          ["DB_HOST, DB_PORT, DB_NAME, DB_SCHEMA", "as for the extract; complete or override the secret"],
          ["NODE_EXTRA_CA_CERTS", "the file with the RDS certificate authorities"],
        ],
        "✓ fine, ✗ wrong, – could not look. It exits with 0 only if everything is fine.",
      ),
    )
    .action(
      summed(async ({ stage }: Flags) => {
        const name = parseStage(String(stage));
        const { accountClients } = await import("../doctor/account");
        const { examine } = await import("../doctor/doctor");
        await terminal.begin(`looking at the stage ${name}`);
        const findings: Finding[] = [];
        try {
          await ending.inTime(async (deadline) => {
            const { aws, environment } = edge(deadline);
            const clients = await accountClients(aws);
            await examine({ stage: name, clients, environment, deadline }, (finding) => {
              findings.push(finding);
              terminal.printUnlessJson(textOf(finding));
            });
          });
        } finally {
          if (findings.length > 0) terminal.printJson({ stage: name, findings });
        }
        return {
          sum: `${count(findings.length, "finding")}: ${inWords(findings)}`,
          judge: () => {
            expectFine(findings);
          },
        };
      }),
    );
}

function textOf({ check, state, what, hint }: Finding): string {
  const [colour, mark] = marks[state];
  const todo = hint === undefined ? "" : `\n  ${coloured("cyan", "Try:", "stdout")} ${hint}`;
  return `${coloured(colour, mark, "stdout")} ${check}: ${what}${todo}\n`;
}

function inWords(findings: readonly Finding[]): string {
  const number = (state: Finding["state"]) => findings.filter((finding) => finding.state === state).length;
  const [wrong, unknown, fine] = [number("wrong"), number("unknown"), number("fine")];
  return `${wrong} wrong, ${unknown} could not be looked at, ${fine} fine`;
}

/** @throws BatchError if anything is wrong or unknown. */
export function expectFine(findings: readonly Finding[]): void {
  if (findings.every(({ state }) => state === "fine")) return;
  throw new BatchError(inWords(findings), {
    hint: "Each finding says what to do. Then run the same command again.",
  });
}
