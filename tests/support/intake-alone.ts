/** What the process of `intake-process.cjs` does. */
import { checkAndLoad } from "../../src/intake/load";
import { withConnection } from "../../src/platform/database/connection";
import { withDeadline } from "../../src/platform/deadline";
import { delivery, NOW, type SentFile } from "./intake-delivery";

export interface AloneRequest {
  readonly credentials: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    readonly password: string;
  };
  readonly file: SentFile;
  readonly content: string;
}

/** Says "ready" when the connection is open, and returns the outcome. */
export function runAlone({ credentials, file, content }: AloneRequest): Promise<string> {
  const settings = {
    ...{ secretId: "", host: undefined, port: undefined, name: undefined, schema: undefined },
    ssl: "disable" as const,
  };
  async function* candidates() {
    yield credentials;
    await Promise.resolve();
  }
  async function* open() {
    const bytes = Buffer.from(content);
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    await Promise.resolve();
  }
  return withDeadline(30_000, "Wait.", (deadline) =>
    withConnection(settings, candidates(), deadline, async (connection) => {
      process.stdout.write("ready ");
      const { outcome } = await checkAndLoad({
        ...{ delivery: delivery(file), content: { open }, connection },
        ...{ dryRun: false, ifMissing: "reject", now: NOW },
      });
      return outcome;
    }),
  );
}
