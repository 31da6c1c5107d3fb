/** Loads one delivery in a process of its own, so that its memory can be measured. Its argument is a request as JSON. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";

import { type Delivery } from "../src/intake/delivery";
import { checkAndLoad } from "../src/intake/load";
import { withConnection } from "../src/platform/database/connection";
import type { Credentials } from "../src/platform/database/credentials";
import { withDeadline } from "../src/platform/deadline";

export interface LoadJob {
  readonly credentials: Credentials;
  readonly delivery: Delivery;
  readonly file: string;
}

export interface LoadReport {
  readonly durationMs: number;
  readonly peakMemoryBytes: number;
  readonly outcome: string;
  readonly inserted: number;
}

const settings = {
  ...{ secretId: "", host: undefined, port: undefined, name: undefined, schema: undefined },
  ssl: "disable" as const,
};

async function load({ credentials, delivery, file }: LoadJob): Promise<LoadReport> {
  const startedAt = performance.now();
  async function* candidates() {
    yield credentials;
    await Promise.resolve();
  }
  const result = await withDeadline(600_000, "Wait.", (deadline) =>
    withConnection(settings, candidates(), deadline, (connection) =>
      checkAndLoad({
        ...{ delivery, connection, dryRun: false, ifMissing: "reject", now: new Date() },
        content: { open: () => createReadStream(file) },
      }),
    ),
  );
  const durationMs = performance.now() - startedAt;
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return {
    durationMs,
    peakMemoryBytes: peak === undefined ? process.resourceUsage().maxRSS * 1024 : Number(peak) * 1024,
    outcome: result.outcome,
    inserted: result.counts?.inserted ?? 0,
  };
}

void load(JSON.parse(process.argv[2] ?? "") as LoadJob).then((report) => {
  process.stdout.write(JSON.stringify(report));
});
