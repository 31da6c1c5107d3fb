/** What is wrong with a file whose origin was looked up. */
import { problemsOf } from "../../../src/lake/origin";

type Content = Parameters<typeof problemsOf>[0];
type Parent = Content["parents"][number];

function parent(key: string, present: Parent["present"], ...parents: readonly Parent[]): Parent {
  return { bucket: key.slice(0, 1), key, versionId: "1", sha256: "", present, parents };
}

function content(present: Content["present"], ...parents: readonly Parent[]): Content {
  const object = { bucket: "t", key: "t1", sha256: "", byteCount: 1 };
  const program = { name: "bank-batch", version: "1" };
  return {
    ...{ schemaVersion: 1 as const, tenant: "t", dataset: "d", month: "2026-09" as Content["month"] },
    definition: { sha256: "" },
    ...{ object, rowCount: 1, totals: {}, program, runId: "", recordedAt: "", present, parents },
  };
}

it("is every object, however far back, whose bytes are not as recorded", () => {
  const found = content(
    "as recorded",
    parent("s1", "as recorded", parent("a1", "gone", parent("a2", "other bytes"))),
    parent("s2", "other bytes"),
  );
  expect(problemsOf(found)).toEqual(["s3://a/a1: gone", "s3://a/a2: other bytes", "s3://s/s2: other bytes"]);
  expect(problemsOf(content("gone"))).toEqual(["s3://t/t1: gone"]);
  expect(problemsOf(content("as recorded", parent("s1", "as recorded")))).toEqual([]);
});

it("is no object that is gone where objects expire, but other bytes are wrong everywhere", () => {
  const mayBeGone = (bucket: string) => bucket === "a";
  const found = content(
    "as recorded",
    parent("s1", "gone", parent("a1", "gone")),
    parent("a2", "other bytes"),
  );
  expect(problemsOf(found, mayBeGone)).toEqual(["s3://s/s1: gone", "s3://a/a2: other bytes"]);
});
