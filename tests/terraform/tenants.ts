/**
 * `npm run test:tenants`: plans 300 tenants, with AWS mocked, and prints how long it takes. A command of its own, because
 * it takes a minute.
 */
import { runAll, step } from "./step";
import { Terraform } from "./terraform";

async function main(): Promise<void> {
  const terraform = await Terraform.create();
  try {
    const folder = "-test-directory=tests/many";
    await terraform.succeed("init", "-backend=false", folder);
    await step("300 tenants can be planned", () => terraform.succeed("test", folder));
  } finally {
    await terraform.remove();
  }
}

runAll(main);
