/**
 * A bucket's versioning is enabled or suspended after a month was published: the month stays intact. Objects
 * written without versioning have the version id "null" from then on.
 */
import { PutBucketVersioningCommand } from "@aws-sdk/client-s3";

import { isInPlace } from "../../../src/platform/publication/manifest";
import { readStatus } from "../../../src/extract/status";
import { World } from "../../support/world";

let world: World;
beforeAll(async () => (world = await World.create("seeded")));
afterAll(() => world.close());

const month = { month: "2026-09" };

function setVersioning(bucket: string, Status: "Enabled" | "Suspended") {
  return world.s3.send(
    new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }),
  );
}

async function expectIntact(environment: Record<string, string>): Promise<void> {
  expect(await world.verify(month, { environment })).toMatchObject([{ status: "verified", problems: [] }]);
  const status = await world.published(
    month,
    ({ objects, output, request }) =>
      readStatus(objects, output.layout, request.definition, request.months[0]),
    { environment },
  );
  expect(status.files.map((file) => file.status)).toEqual(Array(4).fill("published"));
  expect(status.problems).toEqual([]);
  const { months } = await world.run(month, { environment });
  expect(months).toMatchObject([{ status: "unchanged", revision: 1 }]);
}

async function versionIds(environment: Record<string, string>) {
  const { files } = await world.manifest(
    "2026-09",
    environment["EXTRACT_PREFIX"],
    environment["EXTRACT_BUCKET"],
  );
  return new Set(files.map(({ versionId }) => versionId));
}

it("a month stays intact when versioning is enabled after it was published, and when it is suspended again", async () => {
  const environment = { EXTRACT_BUCKET: "later-versioned", EXTRACT_PREFIX: "" };
  world.aws.createBucket("later-versioned");
  await world.run(month, { environment });
  expect(await versionIds(environment)).toEqual(new Set([null]));
  await expectIntact(environment);
  await setVersioning("later-versioned", "Enabled");
  await expectIntact(environment);
  await setVersioning("later-versioned", "Suspended");
  await expectIntact(environment);
});

it("a month that was published while versioning was suspended stays intact when it is enabled again", async () => {
  const environment = { EXTRACT_BUCKET: "suspended", EXTRACT_PREFIX: "" };
  world.aws.createBucket("suspended", { versioning: true });
  await setVersioning("suspended", "Suspended");
  await world.run(month, { environment });
  expect(await versionIds(environment)).toEqual(new Set([null]));
  await expectIntact(environment);
  await setVersioning("suspended", "Enabled");
  await expectIntact(environment);
});

it.each([
  [null, null, true],
  [null, "null", true],
  ["null", null, true],
  ["null", "null", true],
  ["v1", "v1", true],
  [null, "v1", false],
  ["v1", null, false],
  ["v1", "null", false],
  ["v1", "v2", false],
])(
  "a file with the version %j in the manifest and %j at its key is in place: %j",
  (versionId, present, expected) => {
    const file = { key: "k", etag: '"e"', versionId, sha256: "", byteCount: 0, rowCount: 0 };
    expect(isInPlace(file, { etag: '"e"', versionId: present })).toBe(expected);
    expect(isInPlace(file, { etag: '"other"', versionId: present })).toBe(false);
    expect(isInPlace(file, undefined)).toBe(false);
  },
);
