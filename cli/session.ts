/** What all commands share: the terminal, how the process ends, and the values that only the command line knows. */
import { randomUUID } from "node:crypto";

import { awsClients } from "../src/platform/aws";
import type { Deadline } from "../src/platform/deadline";
import { Ending } from "./ending";
import { Terminal } from "./terminal";

export const terminal = new Terminal();
export const ending = new Ending(terminal);

/** The values that a run needs from outside: environment, clock, id and deadline. */
export const edge = (deadline: Deadline) => ({
  environment: process.env,
  now: () => new Date(),
  runId: randomUUID(),
  aws: awsClients(),
  deadline,
});
