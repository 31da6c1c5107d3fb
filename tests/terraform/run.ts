/**
 * Tests `infra-terraform/` as far as possible without an account: format, validity, the plan against mocked AWS, and then
 * a full life cycle on Moto, from the first apply to the last destroy.
 */
import path from "node:path";

import { expectAccepted } from "../aws-rules/check";
import { RECORDING } from "../support/recorded-requests";
import { runLifeCycle } from "./applied";
import { runAll, step } from "./step";
import { Terraform } from "./terraform";

const EXAMPLES = ["examples/minimal", "examples/production"];

async function main(): Promise<void> {
  const terraform = await Terraform.create();
  try {
    await step("the files are formatted", () => terraform.succeed("fmt", "-check", "-diff", "-recursive"));
    await step("the module is valid", () => terraform.succeed("validate"));
    for (const example of EXAMPLES) {
      await step(`the ${example} is valid`, async () => {
        const there = terraform.inFolder(example);
        await there.succeed("init", "-backend=false");
        await there.succeed("validate");
      });
    }
    await step("the plan passes its tests", () => terraform.succeed("test"));
    const requests = path.join(terraform.directory, "requests.jsonl");
    process.env[RECORDING] = requests;
    await runLifeCycle(terraform, step);
    await step("no request breaks a rule of AWS", () => expectAccepted("requests", requests));
  } finally {
    await terraform.remove();
  }
}

runAll(main);
