/** What all commands of a process share: its terminal, how it ends, and what only this edge knows. */
import { randomUUID } from "node:crypto";

import type { Deadline } from "../src/platform/deadline";
import { Ending } from "./ending";
import { Terminal } from "./terminal";

export const terminal = new Terminal();
export const ending = new Ending(terminal);

/** What only this edge knows. */
export const edge = (deadline: Deadline) => ({
  environment: process.env,
  now: () => new Date(),
  runId: randomUUID(),
  deadline,
});
