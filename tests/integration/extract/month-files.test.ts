/** How far a run reads ahead of S3 while it makes the files of a month, in files and in bytes. */
import { setTimeout as sleep } from "node:timers/promises";

import { loanDetail } from "../../../src/extract/definitions/loan-detail";
import { columnNames } from "../../../src/extract/definition";
import { GroupedRows } from "../../../src/extract/grouped-rows";
import { type BankFile, makeFiles } from "../../../src/extract/month-files";
import { awsClients } from "../../../src/platform/aws";
import { ObjectStore } from "../../../src/platform/bucket/object-store";
import { withUploads } from "../../../src/platform/bucket/uploads";
import type { Row } from "../../../src/platform/database/connection";
import { withDeadline } from "../../../src/platform/deadline";
import type { Month } from "../../../src/platform/month";
import { type LocalAws, startLocalAws } from "../../../local/aws/server";
import { Gate } from "../../support/gate";

const MEBIBYTE = 1024 * 1024;
const month = "2026-09" as Month;
const settings = { bucket: "bucket", kmsKeyId: undefined, forcePathStyle: true, heldBytes: 0 };

let aws: LocalAws;
beforeEach(async () => {
  aws = await startLocalAws();
  aws.createBucket(settings.bucket);
});
afterEach(() => aws.close());

const names = columnNames(loanDetail);
const fields: Readonly<Record<string, (bankId: number) => string>> = {
  [loanDetail.fileBy.bank]: String,
  [loanDetail.fileBy.month]: () => `${month}-15`,
};

/** One row of a bank, which makes a file of about this many bytes. */
function rowOf(bankId: number, byteCount: number): Row {
  return names.map((name) => {
    if (name === "bank_name") return "x".repeat(byteCount);
    return fields[name]?.(bankId) ?? "1";
  });
}

/** The number of banks that are read while S3 doesn't respond for these parts, and the files made after it does. */
async function readAhead(
  bankCount: number,
  byteCount: number,
  isHeld: (partNumber: number) => boolean = () => true,
): Promise<{ read: number; files: BankFile[] }> {
  const banks = Array.from({ length: bankCount }, (_, index) => ({
    ...{ id: index + 1, name: `Bank ${index + 1}`, key: `Bank${index + 1}.csv` },
  }));
  async function* rows() {
    for (const { id } of banks) {
      yield [rowOf(id, byteCount)];
      await Promise.resolve();
    }
  }
  const gate = new Gate();
  aws.onRequest(({ operation, partNumber = 1 }) =>
    operation === "UploadPart" && isHeld(partNumber) ? gate.hold() : undefined,
  );
  const read = new Set<string>();
  const s3 = await awsClients(aws.clientConfig).s3(settings);
  try {
    return await withDeadline(20_000, "Wait.", ({ signal }) =>
      withUploads(new ObjectStore(s3, settings, "run", signal), async (uploads) => {
        const making = makeFiles(new GroupedRows(rows()), {
          ...{ definition: loanDetail, month, banks, lineEnding: "\n", uploads },
          observe: (event) => {
            if (event.step === "reading") read.add(event.bank);
          },
        });
        await gate.reached;
        await sleep(500);
        const readBefore = read.size;
        gate.open();
        return { read: readBefore, files: await making };
      }),
    );
  } finally {
    s3.destroy();
  }
}

describe("while S3 doesn't respond, a run reads", () => {
  it("at most 16 files, however small they are", async () => {
    const { read, files } = await readAhead(40, 100);
    expect(read).toBe(16);
    expect(files.map(({ bank, rowCount }) => [bank.id, rowCount])).toEqual(
      Array.from({ length: 40 }, (_, index) => [index + 1, 1]),
    );
  });

  it("only until its files exceed 16 MiB together", async () => {
    const { read, files } = await readAhead(10, 5 * MEBIBYTE);
    expect(read).toBe(4);
    expect(files).toHaveLength(10);
  });

  it("two files if only the last two parts of a large one are missing", async () => {
    const { read, files } = await readAhead(3, 20 * MEBIBYTE, (partNumber) => partNumber > 1);
    expect(read).toBe(2);
    expect(files).toHaveLength(3);
  });
});
