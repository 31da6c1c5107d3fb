/** What only the edges of the program know, a Lambda's handler or the command line: environment, clock, clients, time limit. */
import type { AwsClients } from "./aws";
import type { Deadline } from "./deadline";
import type { Variables } from "./settings";

export interface Edge {
  readonly deadline: Deadline;
  readonly environment: Variables;
  readonly aws: AwsClients;
  readonly now: () => Date;
  /** Identifies this run: a second attempt has another id. */
  readonly runId: string;
}
