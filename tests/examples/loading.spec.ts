/** The examples of docs/consumer.md that go on with the files: into PostgreSQL, and by a queue, which Moto has. */
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { parse } from "csv-parse/sync";
import { from as copyFrom } from "pg-copy-streams";

import { type MotoServer, startMoto } from "../moto/moto";
import { codeBlocks } from "../support/markdown";
import { ROOT } from "../support/root";
import { connectTo } from "../support/test-server";
import { World } from "../support/world";
import { consume, PYTHON } from "./consumer";

const MONTH = "2026-09";
const example = (language: string, at: number) =>
  codeBlocks("docs/consumer.md").filter((block) => block.language === language)[at]?.code ?? "";

let world: World;
let directory: string;
beforeEach(async () => {
  world = await World.create("seeded");
  directory = await mkdtemp(path.join(os.tmpdir(), "loading-"));
  await world.run({ month: MONTH });
});
afterEach(async () => {
  await rm(directory, { recursive: true });
  await world.close();
});

describe("PostgreSQL", () => {
  /** Runs the lines of psql as psql does: `\copy` sends the file to the server. */
  async function load(files: readonly string[]): Promise<void> {
    const client = await connectTo(world.database);
    try {
      for (const statement of example("psql", 0).split(/;\n|(?<=^\\copy .*)\n/m)) {
        const copied = /^\\copy (\w+) from '[^']+' (with \(.*\))$/m.exec(statement);
        if (copied === null) {
          await client.query(statement);
          continue;
        }
        const [, table = "", options = ""] = copied;
        for (const content of files)
          await pipeline(
            Readable.from(content),
            client.query(copyFrom(`copy ${table} from stdin ${options}`)),
          );
      }
    } finally {
      await client.end();
    }
  }

  it("has the files' figures, with NULL for an empty field and the empty string for empty quotes", async () => {
    const manifest = await world.manifest(MONTH);
    const contents = await Promise.all(manifest.files.map(({ key }) => world.read(key)));
    await load(contents);
    // Once more: a new revision replaces the month.
    await load(contents);
    const [totals] = await world.sql(
      `select count(*)::int as "rowCount", sum(loan_count)::text as "loanCount", sum(loan_total)::text as "loanTotal"
       from loan_moving_average`,
    );
    expect(manifest.totals).toMatchObject(totals ?? {});
    const rows = contents.flatMap((content) => parse<Record<string, string>>(content, { columns: true }));
    const [empty] = await world.sql(
      `select count(*) filter (where moving_average_3m is null)::int as averages,
        count(*) filter (where branch_address = '')::int as quotes,
        count(*) filter (where branch_address is null)::int as nulls from loan_moving_average`,
    );
    const quotes = contents.join("").split(',"",').length - 1;
    expect(empty).toEqual({
      averages: rows.filter((row) => row["moving_average_3m"] === "").length,
      quotes,
      nulls: rows.filter((row) => row["branch_address"] === "").length - quotes,
    });
    expect(quotes).toBeGreaterThan(0);
  });
});

describe("a queue", () => {
  let moto: MotoServer;
  beforeAll(async () => {
    moto = await startMoto();
  });
  afterAll(() => moto.stop());

  async function sqs<Answer>(action: string, input: object): Promise<Answer> {
    const response = await fetch(moto.endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": `AmazonSQS.${action}`,
        // Moto does not check it, but takes the service's name from it.
        authorization: `AWS4-HMAC-SHA256 Credential=test/20261001/${world.aws.region}/sqs/aws4_request, SignedHeaders=host, Signature=none`,
      },
      body: JSON.stringify(input),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(answer);
    return JSON.parse(answer === "" ? "{}" : answer) as Answer;
  }

  /** Runs the example after these messages; returns how it ended, and how many messages are left. */
  async function handle(name: string, messages: readonly object[]) {
    const { QueueUrl } = await sqs<{ QueueUrl: string }>("CreateQueue", { QueueName: name });
    for (const message of messages)
      await sqs("SendMessage", { QueueUrl, MessageBody: JSON.stringify(message) });
    await copyFile(path.join(ROOT, "docs", "fetch_month.py"), path.join(directory, "fetch_month.py"));
    const { exitCode, stderr } = await consume(world, directory, [PYTHON, "-c", example("python", 1)], {
      QUEUE_URL: QueueUrl,
      AWS_ENDPOINT_URL_SQS: moto.endpoint,
    });
    const attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    const { Attributes } = await sqs<{ Attributes: Record<string, string> }>("GetQueueAttributes", {
      QueueUrl,
      AttributeNames: attributes,
    });
    return { exitCode, stderr, left: attributes.reduce((sum, each) => sum + Number(Attributes[each]), 0) };
  }

  const announced = (month: string) => ({ extract: "loan_moving_average", month, revision: 1 });

  it("leads to the month, whether the announcement is in SNS's envelope or not", async () => {
    const enveloped = { Type: "Notification", Message: JSON.stringify(announced(MONTH)) };
    expect(await handle("enveloped", [enveloped])).toEqual({ exitCode: 0, stderr: "", left: 0 });
    expect(await handle("raw", [announced(MONTH)])).toEqual({ exitCode: 0, stderr: "", left: 0 });
    const { files } = await world.manifest(MONTH);
    const held = path.join(directory, "loans", MONTH, files[0]?.key ?? "");
    expect(await readFile(held, "utf8")).toBe(await world.read(files[0]?.key ?? ""));
  });

  it("keeps the message of a month that could not be fetched", async () => {
    const { exitCode, stderr, left } = await handle("missing", [announced("2026-08")]);
    expect([exitCode, left]).toEqual([1, 1]);
    expect(stderr).toContain("2026-08 could not be fetched; the message comes again");
  });

  it("drops the message of a month that was withdrawn, and of another extract", async () => {
    await world.withdraw({ month: MONTH, reason: "test data" });
    const other = { ...announced(MONTH), extract: "loan_detail" };
    expect(await handle("withdrawn", [announced(MONTH)])).toMatchObject({ exitCode: 0, left: 0 });
    expect(await handle("other", [other])).toMatchObject({ exitCode: 0, left: 0 });
  });
});
