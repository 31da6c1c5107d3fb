/** Which messages of a queue are events of S3 about an object that was created. */
import { createdObject } from "../../../src/platform/bucket/object-event";
import { versionOrNull } from "../../../src/platform/bucket/version-id";

const event = (object: object, type = "Object Created") => ({
  ...{ version: "0", source: "aws.s3", "detail-type": type },
  detail: { bucket: { name: "landing" }, object: { size: 1, ...object }, reason: "PutObject" },
});

it("an event has the bucket, the key and, if the bucket has versioning, the version", () => {
  const created = (object: object) => createdObject(JSON.stringify(event(object)));
  expect(created({ key: "a/b c.dat", "version-id": "v1" })).toEqual({
    ...{ bucket: "landing", key: "a/b c.dat", versionId: "v1" },
  });
  expect(created({ key: "a" })).toEqual({ bucket: "landing", key: "a", versionId: undefined });
});

it.each([
  ["no JSON", "Object Created"],
  ["another event", JSON.stringify(event({ key: "a" }, "Object Deleted"))],
  ["an event without a key", JSON.stringify(event({}))],
  [
    "an event without a bucket",
    JSON.stringify({ "detail-type": "Object Created", detail: { object: { key: "a" } } }),
  ],
  ["nothing", ""],
])("%s is no object that was created", (_, body) => {
  expect(createdObject(body)).toBeUndefined();
});

it("a version without an id is the same whichever way S3 says so", () => {
  expect([undefined, "null", null, "v1", ""].map(versionOrNull)).toEqual([null, null, null, "v1", ""]);
});
