/** Runs the packaged handler of the Lambda in a fresh process, and reads what it published. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, symlink } from "node:fs/promises";
import path from "node:path";

import { build } from "esbuild";

import type { Summary } from "../src/extract/extract";
import { invokeIn, type Packaged } from "../tests/support/packaged";
import { type BenchS3, readObjects } from "./s3";
import type { Endpoint } from "./s3-process";
import type { Sample } from "./turns";

const ROOT = path.join(__dirname, "..");

export interface HandlerRun extends Sample {
  readonly importDurationMs: number;
  /** From the process's start to its end, including the start of Node.js. */
  readonly processDurationMs: number;
  readonly peakMemoryBytes: number;
  readonly summary: Summary;
  readonly endpoint: Endpoint;
}

export interface HandlerOptions {
  /** The expected number of rows in all files; a run with another number measured something else. */
  readonly rowCount: number;
  readonly latencyMs?: number;
  readonly nodeFlags?: readonly string[];
  /** The folder of the code; by default that of the package. */
  readonly task?: string;
}

export class Handler {
  #unbundled: Promise<string> | undefined;

  constructor(
    private readonly packaged: Packaged,
    private readonly s3: BenchS3,
    private readonly nodeFlags: readonly string[],
    /** Where to put the unbundled code. */
    private readonly directory: string,
  ) {}

  /** Runs the handler once, in a fresh process and with an empty bucket. @throws unless it publishes all rows. */
  async run(database: string, event: object, options: HandlerOptions): Promise<HandlerRun> {
    const endpoint = await this.s3.empty(options.latencyMs);
    const environment = {
      ...endpoint.environment,
      DB_NAME: database,
      // On the Lambda's Node.js the SDK prints no warning.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    };
    const startedAt = performance.now();
    const { result, error, log, importDurationMs, handlerDurationMs, peakMemoryBytes } = await invokeIn(
      options.task ?? this.packaged.task,
      this.packaged.handler,
      event,
      environment,
      [...this.nodeFlags, ...(options.nodeFlags ?? [])],
    );
    const processDurationMs = performance.now() - startedAt;
    if (result === undefined) throw new Error(`the handler failed: ${error?.errorMessage ?? log}`);
    const files = result.months.flatMap((month) => month.files);
    const rowCount = files.reduce((sum, file) => sum + file.rowCount, 0);
    if (result.months.some(({ status }) => status !== "published") || rowCount !== options.rowCount) {
      throw new Error(
        `expected ${options.rowCount} rows to be published, but got ${JSON.stringify(result).slice(0, 500)}`,
      );
    }
    return {
      durationMs: handlerDurationMs,
      importDurationMs,
      processDurationMs,
      peakMemoryBytes,
      summary: result,
      endpoint,
    };
  }

  /** Compiles the sources to separate files, with node_modules next to them. Returns the folder. */
  unbundled(): Promise<string> {
    this.#unbundled ??= (async () => {
      const task = path.join(this.directory, "unbundled");
      await build({
        absWorkingDir: ROOT,
        entryPoints: ["src/**/*.ts", "src/**/*.json"],
        loader: { ".json": "copy" },
        outbase: "src",
        outdir: path.join(task, "src"),
        ...{ bundle: false, format: "cjs", platform: "node", target: "node20", logLevel: "error" },
        // Becomes require(), as with tsc: Node.js's own import() would need file extensions.
        supported: { "dynamic-import": false },
      });
      for (const name of ["sql", "package.json"]) {
        await cp(path.join(ROOT, name), path.join(task, name), { recursive: true });
      }
      await symlink(path.join(ROOT, "node_modules"), path.join(task, "node_modules"));
      return task;
    })();
    return this.#unbundled;
  }
}

/** Reads the files that a run published, in order. */
export function publishedFiles({ summary, endpoint }: HandlerRun): AsyncGenerator<AsyncIterable<Buffer>> {
  return readObjects(
    endpoint,
    summary.months.flatMap(({ files }) => files.map(({ key }) => key)),
  );
}

/** @throws if the run's files, concatenated without their headers, differ from this file. */
export async function expectSameBytes(run: HandlerRun, file: string): Promise<void> {
  const [published, copied] = [createHash("sha256"), createHash("sha256")];
  for await (const bytes of publishedFiles(run)) await addTo(published, withoutHeader(bytes));
  await addTo(copied, createReadStream(file));
  if (published.digest("hex") !== copied.digest("hex")) {
    throw new Error("the published files differ from what COPY returns for the same statement");
  }
}

async function addTo(hash: Hash, chunks: AsyncIterable<string | Buffer>): Promise<void> {
  for await (const chunk of chunks) hash.update(chunk);
}

/** The bytes after the first line, which has no quoted line break. */
async function* withoutHeader(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let inHeader = true;
  for await (const chunk of chunks) {
    const end = inHeader ? chunk.indexOf("\n") : -1;
    if (inHeader && end === -1) continue;
    inHeader = false;
    yield chunk.subarray(end + 1);
  }
}
