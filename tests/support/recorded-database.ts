/**
 * PostgreSQL's answers to a run, recorded once and replayed as often as an explorer needs them. The statements are the
 * program's own, and the rows are the server's.
 */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

import { extractMonths } from "../../src/extract/extract";
import { openBucket } from "../../src/platform/bucket/bucket";
import { parseRequest } from "../../src/extract/request";
import { parseExtractSettings } from "../../src/extract/settings";
import { type Row, type Snapshot, withConnection } from "../../src/platform/database/connection";
import { credentialsToTry } from "../../src/platform/database/credentials";
import { withDeadline } from "../../src/platform/deadline";
import type { Statement } from "../../src/platform/statement";
import { NOW, type World } from "./world";

/** The rows by statement and values. */
export type Recording = ReadonlyMap<string, readonly Row[]>;

/** Records a dry run for this input, with the tables as they are now. */
export async function recordRun(world: World, input: object): Promise<Recording> {
  const recording = new Map<string, readonly Row[]>();
  const aws = world.clients("extract");
  const settings = parseExtractSettings(world.environment);
  await withDeadline(30_000, "", async (deadline) => {
    const candidates = credentialsToTry(await aws.secretsManager(), settings.database, deadline.signal);
    await withConnection(settings.database, candidates, deadline, (connection) => {
      const openSnapshot = async () => recordSnapshot(await connection.openSnapshot(), recording);
      const request = parseRequest({ ...input, dryRun: true }, NOW);
      const run = {
        ...{ settings, aws, deadline },
        runId: randomUUID(),
        now: () => NOW,
        observe: () => undefined,
      };
      const opening = openBucket(settings.output.bucket, run);
      return extractMonths({ ...connection, openSnapshot }, opening, request, run, []);
    });
  });
  return recording;
}

function recordSnapshot(snapshot: Snapshot, recording: Map<string, readonly Row[]>): Snapshot {
  return {
    query: async (statement, values) => {
      const rows = await snapshot.query(statement, values);
      recording.set(nameOf(statement, values), rows);
      return rows;
    },
    stream: (statement, values, columns) => {
      const { checked, batches } = snapshot.stream(statement, values, columns);
      const all: Row[] = [];
      recording.set(nameOf(statement, values), all);
      const record = async function* () {
        for await (const batch of batches) {
          all.push(...batch);
          yield batch;
        }
      };
      return { checked, batches: record() };
    },
  };
}

/**
 * A snapshot that returns recorded rows.
 *
 * @param choose chooses a recording; it is called for the first statement whose rows differ between the recordings.
 */
export function replaySnapshot(recordings: readonly Recording[], choose: () => Promise<number>): Snapshot {
  let chosen: Promise<number> | undefined;
  const rowsOf = async (statement: Statement, values?: readonly string[]): Promise<Row[]> => {
    const name = nameOf(statement, values);
    const each = recordings.map((recording) => recording.get(name));
    const isSame = each.every((rows) => isDeepStrictEqual(rows, each[0]));
    const rows = each[isSame ? 0 : await (chosen ??= choose())];
    if (rows === undefined) throw new Error(`${name} was not recorded`);
    return [...rows];
  };
  return {
    query: rowsOf,
    stream: (statement, values) => ({
      checked: Promise.resolve(),
      batches: (async function* () {
        yield await rowsOf(statement, values);
      })(),
    }),
  };
}

function nameOf({ name }: Statement, values: readonly string[] = []): string {
  return [name, ...values].join(" ");
}
