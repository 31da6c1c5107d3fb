/** Intake's package, unpacked: a delivery takes its whole way in clean processes, as in Lambda. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { unzipSync } from "fflate";

import { DeliveryWorld } from "../support/delivery-world";
import { fileOf } from "../support/intake-world";
import { invokeIn, serverless } from "../support/packaged";

jest.setTimeout(120_000);

let directory: string;
let world: DeliveryWorld;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), "packaged-"));
  const made = path.join(directory, "made");
  const flags = ["package", "--config", "serverless.intake.yml", "--package", made];
  const [{ exitCode, stderr }, opened] = await Promise.all([
    serverless(flags, { TMPDIR: directory }),
    DeliveryWorld.create(),
  ]);
  world = opened;
  if (exitCode !== 0) throw new Error(stderr);
  for (const [name, content] of Object.entries(
    unzipSync(await readFile(path.join(made, "bank-batch-intake.zip"))),
  )) {
    const file = path.join(directory, "task", name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  await world.close();
});

it("takes a delivery through all its steps", async () => {
  const invoke = async (step: string, input: unknown): Promise<unknown> => {
    const handler = `src/intake/lambda.${step}`;
    const { result, error } = await invokeIn(path.join(directory, "task"), handler, input, world.environment);
    expect(error).toBeUndefined();
    return result;
  };
  const details = ["1|100|1000|2024-05-01", "2||1000|2024-05-02"];
  const body = fileOf(details, { total: 100, time: "2024-05-31T22:00:00Z" });
  let state: unknown = await world.deliver("landing/FirstNational/loans_20240531T220000Z.dat", body);
  for (const step of ["receive", "load", "stage", "settle"]) state = await invoke(step, state);
  expect(state).toMatchObject({ outcome: "loaded" });
  expect(await world.world.sql("select idloan from loans order by 1")).toEqual([
    { idloan: 1 },
    { idloan: 2 },
  ]);
  expect(world.messages).toMatchObject([{ outcome: "loaded", stage: { rowCount: 2 } }]);

  const [event] = world.world.aws.events;
  expect(await invoke("start", { Records: [{ messageId: "1", body: JSON.stringify(event) }] })).toEqual({
    batchItemFailures: [],
  });
  expect(world.started()).toHaveLength(1);
});

it("gives the errors' names to the state machine, although it is minified", async () => {
  const { error } = await invokeIn(
    path.join(directory, "task"),
    "src/intake/lambda.load",
    {},
    world.environment,
  );
  expect(error?.errorType).toBe("RequestError");
});
