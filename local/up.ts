/** `npm run local`: keeps a seeded stack running until Ctrl-C, and prints the settings that lead there. */
import { once } from "node:events";

import { addMonths, monthOf } from "../src/month";
import { startSeededStack } from "./stack";
import { runCommand } from "./terminal";

const usage = `Usage: npm run local -- [--loans N]

Starts PostgreSQL and an AWS endpoint on this machine, invents N loans (200000) and prints the settings with which
\`npm run extract\` and \`npx serverless invoke local\` find them. Ctrl-C ends it and removes everything.`;

void runCommand(usage, async (loans, signal) => {
  const month = addMonths(monthOf(new Date()), -1);
  const stack = await startSeededStack(month, loans);
  try {
    signal.throwIfAborted();
    const lines = Object.entries(stack.environment).map(([name, value]) => `export ${name}='${value}'\n`);
    process.stdout.write(`${lines.join("")}\n# In another shell, with the lines above:\n`);
    process.stdout.write(`#   npm run extract -- --month ${month}\n# Ctrl-C here ends it.\n`);
    await once(signal, "abort");
    signal.throwIfAborted();
  } finally {
    await stack.stop();
  }
});
