/** A month can be checked by its manifest alone: with `verify`, the published JSON Schema, or standard tools. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import Ajv from "ajv";
import addFormats from "ajv-formats";

import { commandLine } from "../../support/command-line";
import { NOW, World, type LoanManifest } from "../../support/world";
import { ROOT } from "../../support/root";

let world: World;
beforeEach(async () => {
  world = await World.create("seeded");
  await world.run({ month: "2026-09" });
});
afterEach(() => world.close());

const key = "FirstNational/2026/09/FirstNational_20260930.csv";
const manifestKey = "_manifests/2026/09.json";

const verified = (month = "2026-09") => world.verify({ month });

async function rewriteManifest(change: (manifest: LoanManifest) => void): Promise<void> {
  const manifest = await world.manifest("2026-09");
  change(manifest);
  await world.put(manifestKey, JSON.stringify(manifest));
}

describe("verify", () => {
  it("finds no problem in a published month, and needs no database or secret", async () => {
    const environment = { DB_SECRET_ID: undefined };
    const operations = await world.operationsDuring(async () => {
      const months = await world.verify({ month: "2026-09" }, { environment });
      expect(months).toEqual([
        {
          extract: "loan_moving_average",
          month: "2026-09",
          status: "verified",
          revision: 1,
          manifest: manifestKey,
          problems: [],
        },
      ]);
    });
    expect(new Set(operations)).toEqual(new Set(["GetObject", "HeadObject"]));
  });

  it("finds no problem in a restatement or in files with CRLF line endings", async () => {
    await world.run({ month: "2026-09", restate: true }, { environment: { EXTRACT_LINE_ENDING: "crlf" } });
    expect(await verified()).toMatchObject([{ status: "verified", revision: 2 }]);
  });

  it("reports a missing month", async () => {
    expect(await verified("2026-08")).toEqual([
      {
        extract: "loan_moving_average",
        month: "2026-08",
        status: "missing",
        manifest: "_manifests/2026/08.json",
        problems: ["loan_moving_average of 2026-08 is not published: there is no _manifests/2026/08.json"],
      },
    ]);
  });

  it("reports an object that was replaced", async () => {
    await world.put(key, "something else");
    expect(await verified()).toMatchObject([
      {
        status: "damaged",
        problems: [`${key}: the key no longer holds the published version`],
      },
    ]);
  });

  it("reports a version that is gone", async () => {
    const { files } = await world.manifest("2026-09");
    const versionId = files[0]?.versionId ?? "";
    await world.remove(key, versionId);
    expect(await verified()).toMatchObject([
      { status: "damaged", problems: [`${key} is gone: there is no version ${versionId}`] },
    ]);
  });

  it("reports every difference in a file's bytes, SHA-256, rows and totals, and in the group's totals", async () => {
    const { files } = await world.manifest("2026-09");
    const text = await world.read(key);
    const changed = text.replace(/,2026-09,(\d+),/, (_, count: string) => `,2026-09,${Number(count) + 1},`);
    const added = `${changed}1,x,1,x,2026-09,0,5,,0,,0.00\n`;
    await world.put(key, added);
    const versionId = await world.put(key, added);
    await rewriteManifest((manifest) => {
      manifest.files = manifest.files.map((file) => (file.key === key ? { ...file, versionId } : file));
      manifest.totals = { ...manifest.totals, loanTotal: "1" };
    });
    const [month] = await verified();
    const [file] = files;
    const sums = {
      rows: file?.rowCount ?? 0,
      loans: Number(file?.loanCount),
      total: Number(file?.loanTotal),
    };
    expect(month?.problems).toEqual([
      `${key}: byteCount is ${Buffer.byteLength(added)}, the manifest says ${String(file?.byteCount)}`,
      `${key}: sha256 is ${createHash("sha256").update(added).digest("hex")}, the manifest says ${String(file?.sha256)}`,
      `${key}: rowCount is ${sums.rows + 1}, the manifest says ${sums.rows}`,
      `${key}: loanCount is ${sums.loans + 1}, the manifest says ${sums.loans}`,
      `${key}: loanTotal is ${sums.total + 5}, the manifest says ${sums.total}`,
      `${key}: the key no longer holds the published version`,
      expect.stringMatching(/^2026-09: the files' loanTotal adds up to \d+, the manifest says 1$/) as string,
    ]);
  });

  it("reports an object that is not the published CSV file", async () => {
    const versionId = await world.put(key, 'bank_id\n"never closed');
    await rewriteManifest((manifest) => {
      manifest.files = manifest.files.map((file) => (file.key === key ? { ...file, versionId } : file));
    });
    const [month] = await verified();
    expect(month?.problems[0]).toContain(`${key} is not the CSV file that was published`);
  });

  it("reports a manifest of another month or extract, and an invalid manifest", async () => {
    await world.put("_manifests/2026/08.json", await world.read(manifestKey));
    expect((await verified("2026-08"))[0]?.problems).toEqual([
      "_manifests/2026/08.json is the manifest of loan_moving_average of 2026-09",
    ]);
    await rewriteManifest((manifest) => {
      manifest.extract = "loan_detail";
    });
    expect((await verified())[0]?.problems).toContain(
      `${manifestKey} is the manifest of loan_detail of 2026-09`,
    );
    await world.put(manifestKey, "{}");
    expect(await verified()).toMatchObject([
      { status: "damaged", problems: [expect.stringContaining(`the manifest ${manifestKey} can't be read`)] },
    ]);
  });

  it("sets the exit code on the command line, and prints its findings as JSON", async () => {
    const good = await commandLine(["verify", "--month", "2026-09", "--json"], world.environment);
    expect([good.exitCode, JSON.parse(good.stdout)]).toEqual([0, { months: await verified() }]);
    const bad = await commandLine(
      ["verify", "--from", "2026-08", "--to", "2026-09", "--json"],
      world.environment,
    );
    expect(bad.exitCode).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ months: [{ status: "missing" }, { status: "verified" }] });
    expect(bad.stderr).toContain("Error: loan_moving_average of 2026-08 is not published");
    expect(bad.stderr).toContain("Try:   Run the missing month");
  });
});

describe("a manifest", () => {
  const ajv = addFormats(new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }));

  it("matches the published JSON Schema, also after a restatement", async () => {
    const schema = JSON.parse(await readFile(path.join(ROOT, "docs/manifest.schema.json"), "utf8")) as object;
    const isManifest = ajv.compile(schema);
    await world.sql("update loans set amount = amount + 1 where loan_date = '2026-09-15'");
    await world.run({ month: "2026-09", restate: true });
    const manifest = JSON.parse(await world.read(manifestKey)) as LoanManifest;
    isManifest(manifest);
    expect(isManifest.errors).toBeNull();
    expect(manifest.history).toHaveLength(1);
    for (const key of Object.keys(manifest)) {
      const { [key as keyof LoanManifest]: _, ...rest } = manifest;
      // The Glue job leaves it out.
      expect([key, isManifest(rest)]).toEqual([key, key === "durationMs"]);
    }
    expect(isManifest({ ...manifest, more: 1 })).toBe(false);
  });

  it("lets a consumer check a month with sha256sum alone", async () => {
    const { files } = await world.manifest("2026-09");
    const directory = await mkdtemp(path.join(os.tmpdir(), "consumer-"));
    const lines: string[] = [];
    for (const [index, { key: fileKey, versionId, sha256 }] of files.entries()) {
      await writeFile(path.join(directory, String(index)), await world.read(fileKey, versionId));
      lines.push(`${sha256}  ${index}\n`);
    }
    await writeFile(path.join(directory, "sums"), lines.join(""));
    const told = execFileSync("sha256sum", ["--check", "sums"], { cwd: directory, encoding: "utf8" });
    expect(told).toBe("0: OK\n1: OK\n2: OK\n3: OK\n");
    await rm(directory, { recursive: true });
  });

  it("names the source, the statement and the program that made the figures", async () => {
    const manifest = await world.manifest("2026-09");
    const statement = await readFile(path.join(ROOT, "sql/extract/loan_moving_average.sql"));
    const program = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8")) as {
      version: string;
    };
    expect(manifest).toMatchObject({
      period: { from: "2026-09-01", to: "2026-09-30" },
      window: { from: "2026-07-01", to: "2026-09-30" },
      publishedAt: NOW.toISOString(),
      source: { database: world.database, serverVersion: expect.stringMatching(/^1\d\./) as string },
      query: {
        name: "loan_moving_average.sql",
        sha256: createHash("sha256").update(statement).digest("hex"),
      },
      program: { version: program.version },
    });
  });
});
