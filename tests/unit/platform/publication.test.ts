import * as v from "valibot";

import { ObjectStore, type ObjectVersion } from "../../../src/platform/bucket/object-store";
import type { StagedObject } from "../../../src/platform/bucket/staged-upload";
import type { Uploads } from "../../../src/platform/bucket/uploads";
import {
  historyOf,
  isInPlace,
  type ManifestCore,
  manifestEntries,
  parseManifest,
  type PublishedFile,
  publishedFileEntries,
} from "../../../src/platform/publication/manifest";
import {
  differencesOf,
  type MadeFile,
  permissionFor,
  type Plan,
  planPublication,
  type Publication,
  publish,
  readPublication,
} from "../../../src/platform/publication/publication";
import { s3Failure, ScriptedS3 } from "../../support/scripted-s3";

const version = (name: string): ObjectVersion => ({ etag: `etag-${name}`, versionId: `version-${name}` });

function published(key: string, content = "old"): PublishedFile {
  return { key, ...version(key), sha256: content, byteCount: 3, rowCount: 1 };
}

function made(key: string, content = "old"): MadeFile {
  const staged: StagedObject = { key, uploadId: `upload-${key}`, parts: [] };
  return { key, rowCount: 1, byteCount: 3, sha256: content, staged };
}

function manifest(...files: PublishedFile[]): ManifestCore {
  return {
    ...{
      schemaVersion: 1,
      state: "published",
      revision: 4,
      publishedAt: "then",
      runId: "run",
      columns: ["a"],
      history: [],
      files,
    },
    source: { database: "ods", serverVersion: "16", snapshot: "1:1:" },
    query: { name: "q.sql", sha256: "q" },
    program: { version: "1" },
  };
}

/** The bucket's contents: this manifest, and objects at these keys. */
function publication(content: ManifestCore | undefined, ...keys: string[]): Publication<ManifestCore> {
  return {
    manifestKey: "manifest",
    manifest: content && { content, version: version("manifest") },
    objects: new Map(keys.map((key) => [key, version(key)])),
  };
}

const ab = manifest(published("a"), published("b"));

function never(): never {
  throw new Error("refused");
}

describe("a run may write", () => {
  it.each([
    ["any bytes if nothing is published", publication(undefined), false, "any"],
    ["any bytes if a change is allowed", publication(ab, "a", "b"), true, "any"],
    ["nothing if all files are in place", publication(ab, "a", "b"), false, "nothing"],
    ["the published bytes if a file is gone", publication(ab, "a"), false, "repair"],
  ] as const)("%s", (_, present, mayChange, permission) => {
    expect(permissionFor(present, mayChange)).toBe(permission);
  });
});

describe("a published file", () => {
  const file = published("a");
  it.each([
    ["is in place if its key holds the published version", version("a"), true],
    ["is not in place if its key holds nothing", undefined, false],
    ["is not in place if its key holds another version", { ...version("a"), versionId: "other" }, false],
    ["is not in place if its key holds another ETag", { ...version("a"), etag: "other" }, false],
  ])("%s", (_, present, expected) => {
    expect(isInPlace(file, present)).toBe(expected);
  });
});

describe("the differences", () => {
  it("are the changed, the new and the dropped files", () => {
    const [same, changed, added] = [made("a"), made("b", "new"), made("c")];
    const [a, b, dropped] = [published("a"), published("b"), published("d")];
    expect(differencesOf([same, changed, added], [a, b, dropped])).toEqual({
      changed: [
        { made: changed, published: b },
        { made: added, published: undefined },
      ],
      dropped: [dropped],
    });
  });
});

describe("the plan", () => {
  const same = [made("a"), made("b")];
  const changed = [made("a"), made("b", "new")];
  const inPlace = publication(ab, "a", "b");

  it.each([
    [
      "publishes all files if nothing is published",
      same,
      publication(undefined, "a"),
      "any",
      "published",
      1,
      ["a", "b"],
    ],
    ["changes nothing if all files are equal", same, inPlace, "nothing", "unchanged", 4, []],
    ["changes nothing if all files are equal, even if it may", same, inPlace, "any", "unchanged", 4, []],
    ["restates only the changed file", changed, inPlace, "any", "restated", 5, ["b"]],
    ["restates a dropped file without writing any", [made("a")], inPlace, "any", "restated", 5, []],
    ["repairs the file that is out of place", same, publication(ab, "b"), "repair", "repaired", 5, ["a"]],
    ["restates and repairs together", changed, publication(ab, "b"), "any", "restated", 5, ["a", "b"]],
  ] as const)("%s", (_, files, present, permission, outcome, revision, keys) => {
    const plan = planPublication<MadeFile, ManifestCore>(files, present, permission, never);
    expect({ ...plan, write: plan.write.map(({ key }) => key) }).toEqual({ outcome, revision, write: keys });
  });

  it.each(["nothing", "repair"] as const)("refuses different bytes with the permission %s", (permission) => {
    const refuse = jest.fn(never);
    const dropping = [made("a")];
    for (const files of [changed, dropping]) {
      expect(() => planPublication<MadeFile, ManifestCore>(files, inPlace, permission, refuse)).toThrow(
        "refused",
      );
      expect(refuse).toHaveBeenLastCalledWith(ab);
    }
  });
});

/** Records the writes in order. The completion of each key in `fails` fails. */
function bucket(fails: readonly string[] = []) {
  const writes: unknown[][] = [];
  const uploads = {
    complete: ({ key }: StagedObject, replaces: ObjectVersion | undefined) => {
      writes.push(["complete", key, replaces]);
      return fails.includes(key)
        ? Promise.reject(new Error(`${key} failed`))
        : Promise.resolve(version(`new-${key}`));
    },
  } as unknown as Uploads;
  const objects = {
    putJson: (key: string, text: string, replaces: ObjectVersion | undefined) => {
      writes.push(["put", key, text, replaces]);
      return Promise.resolve(version("new"));
    },
  } as unknown as ObjectStore;
  return { uploads, objects, writes };
}

const plan = (outcome: Plan<MadeFile>["outcome"], ...write: MadeFile[]): Plan<MadeFile> => ({
  ...{ outcome, revision: 5, write },
});

describe("publishing", () => {
  it("completes the first file, then the others, then writes the manifest, each only over what was there before", async () => {
    const { uploads, objects, writes } = bucket();
    const described: unknown[] = [];
    await publish(
      objects,
      uploads,
      plan("restated", made("a"), made("c")),
      publication(ab, "a", "b"),
      (versionOf) => {
        described.push(["a", "b", "c"].map(versionOf));
        return ab;
      },
    );
    expect(described).toEqual([[version("new-a"), version("b"), version("new-c")]]);
    expect(writes).toEqual([
      ["complete", "a", version("a")],
      ["complete", "c", undefined],
      ["put", "manifest", `${JSON.stringify(ab, null, 2)}\n`, version("manifest")],
    ]);
  });

  it("writes the first manifest if there is none", async () => {
    const { uploads, objects, writes } = bucket();
    await publish(objects, uploads, plan("published"), publication(undefined), () => ab);
    expect(writes).toEqual([["put", "manifest", expect.any(String), undefined]]);
  });

  it("writes nothing if nothing has changed", async () => {
    const { uploads, objects, writes } = bucket();
    await publish(objects, uploads, plan("unchanged"), publication(ab, "a", "b"), never);
    expect(writes).toEqual([]);
  });

  it("stops if the first file fails, and writes no manifest", async () => {
    const { uploads, objects, writes } = bucket(["a"]);
    const publishing = publish(
      objects,
      uploads,
      plan("published", made("a"), made("b")),
      publication(undefined),
      never,
    );
    await expect(publishing).rejects.toThrow("a failed");
    expect(writes).toEqual([["complete", "a", undefined]]);
  });

  it("waits for the other files if one fails, and writes no manifest", async () => {
    const { uploads, objects, writes } = bucket(["b"]);
    const files = [made("a"), made("b"), made("c")];
    const publishing = publish(objects, uploads, plan("published", ...files), publication(undefined), never);
    await expect(publishing).rejects.toThrow("b failed");
    expect(writes.map(([, key]) => key)).toEqual(["a", "b", "c"]);
  });

  it("refuses a file that was not staged, and a manifest with a file that was not written", async () => {
    const { uploads, objects, writes } = bucket();
    const unstaged = { ...made("a"), staged: undefined };
    await expect(
      publish(objects, uploads, plan("published", unstaged), publication(undefined), never),
    ).rejects.toThrow(new RangeError("a was planned to be written but never staged"));
    await expect(
      publish(objects, uploads, plan("published"), publication(undefined), (versionOf) => {
        versionOf("z");
        return ab;
      }),
    ).rejects.toThrow(new RangeError("z has no version for the manifest to name"));
    expect(writes).toEqual([]);
  });
});

describe("reading a publication", () => {
  const objects = (text: string | undefined) =>
    ({
      read: () => Promise.resolve(text === undefined ? undefined : { text, version: version("manifest") }),
      head: (key: string) => Promise.resolve(key === "gone" ? undefined : version(key)),
    }) as unknown as ObjectStore;

  it("returns its manifest, and the version at each key that has one", async () => {
    const parse = (text: string) => JSON.parse(text) as ManifestCore;
    expect(await readPublication(objects(JSON.stringify(ab)), "manifest", ["a", "gone", "b"], parse)).toEqual(
      publication(ab, "a", "b"),
    );
  });

  it("returns no manifest if there is none", async () => {
    expect(await readPublication(objects(undefined), "manifest", ["a"], never)).toEqual(
      publication(undefined, "a"),
    );
  });

  it("without a manifest has the other objects only if it has the first", async () => {
    const read = (...keys: string[]) => readPublication(objects(undefined), "manifest", keys, never);
    expect(await read("a", "b", "gone")).toEqual(publication(undefined, "a", "b"));
    expect(await read("gone", "a", "b")).toEqual(publication(undefined));
  });

  it("with a manifest has the other objects whether or not it has the first", async () => {
    const parse = (text: string) => JSON.parse(text) as ManifestCore;
    expect(await readPublication(objects(JSON.stringify(ab)), "manifest", ["gone", "b"], parse)).toEqual(
      publication(ab, "b"),
    );
  });

  it("is unknown if somebody has deleted its manifest: it would begin again at revision 1", async () => {
    const $response = { headers: { "x-amz-delete-marker": "true" } };
    const s3 = new ScriptedS3({ GetObject: [s3Failure("NoSuchKey", 404, { $response })] });
    const settings = { bucket: "extracts", kmsKeyId: undefined, forcePathStyle: false };
    const store = new ObjectStore(s3.client, settings, "run 1", new AbortController().signal);
    await expect(readPublication(store, "manifest", [], never)).rejects.toThrow(
      "s3://extracts/manifest was deleted, so what is published is unknown",
    );
  });

  it("may have no files", async () => {
    expect(await readPublication(objects(undefined), "manifest", [], never)).toEqual(publication(undefined));
  });
});

describe("a manifest", () => {
  const schema = v.object({ ...manifestEntries, files: v.array(v.object(publishedFileEntries)) });

  it("is read with all of its entries, and a file may have no version", () => {
    const file = { ...published("a"), versionId: null };
    const content = { ...manifest(file), history: historyOf(ab) };
    expect(parseManifest(schema, "key", JSON.stringify({ ...content, more: 1 }))).toEqual(content);
  });

  it("without a state counts as published, because the first manifests had none", () => {
    const read = (state?: string) => parseManifest(schema, "key", JSON.stringify({ ...ab, state })).state;
    expect([read(), read("published"), read("withdrawn")]).toEqual(["published", "published", "withdrawn"]);
    expect(() => read("gone")).toThrow("can't be read");
  });

  it("may record by whom and why it was made, and its history does so for earlier revisions", () => {
    const motive = { by: "an operator", reason: "a late booking" };
    expect(Object.keys(historyOf(ab)[0] ?? {})).toEqual(["revision", "publishedAt", "files"]);
    for (const some of [{}, { by: motive.by }, { reason: motive.reason }, motive]) {
      const [entry] = historyOf({ ...ab, ...some });
      expect(entry).toStrictEqual({ ...historyOf(ab)[0], ...some });
      const content = { ...ab, ...some, history: [{ ...historyOf(ab)[0], ...some }] };
      expect(parseManifest(schema, "key", JSON.stringify(content))).toEqual(content);
    }
  });

  const entries = Object.keys(ab).filter((entry) => entry !== "state");
  it.each(entries)("is refused without %s", (entry) => {
    expect(() => parseManifest(schema, "key", JSON.stringify({ ...ab, [entry]: undefined }))).toThrow(
      expect.objectContaining({
        name: "StorageError",
        retry: false,
        message: expect.stringMatching(/^the manifest key can't be read: Invalid/) as string,
        hint: "Another program or person has overwritten it: restore its last good version.",
        cause: expect.any(Error) as Error,
      }) as Error,
    );
  });

  it.each([
    ["source", "database"],
    ["source", "serverVersion"],
    ["source", "snapshot"],
    ["query", "name"],
    ["query", "sha256"],
    ["program", "version"],
  ] as const)("is refused without %s.%s", (entry, key) => {
    const content = { ...ab, [entry]: { ...ab[entry], [key]: undefined } };
    expect(() => parseManifest(schema, "key", JSON.stringify(content))).toThrow("can't be read");
  });

  it.each(Object.keys(published("a")))("is refused with a file without %s", (key) => {
    const content = { ...ab, files: [{ ...published("a"), [key]: undefined }] };
    expect(() => parseManifest(schema, "key", JSON.stringify(content))).toThrow("can't be read");
  });

  it.each(["revision", "publishedAt", "files"])("is refused with a history without %s", (key) => {
    const [entry] = historyOf(ab);
    const content = { ...ab, history: [{ ...entry, [key]: undefined }] };
    expect(() => parseManifest(schema, "key", JSON.stringify(content))).toThrow("can't be read");
  });

  it("is refused if it has another schema version or is not JSON", () => {
    for (const text of [JSON.stringify({ ...ab, schemaVersion: 2 }), "{"]) {
      expect(() => parseManifest(schema, "key", text)).toThrow("the manifest key can't be read");
    }
  });

  it("keeps the files of the revision that it replaces, after those of earlier revisions", () => {
    expect(historyOf(undefined)).toEqual([]);
    const before = historyOf(manifest(published("z")));
    expect(historyOf({ ...ab, history: before })).toEqual([
      ...before,
      {
        revision: 4,
        publishedAt: "then",
        files: [
          { key: "a", versionId: "version-a", sha256: "old" },
          { key: "b", versionId: "version-b", sha256: "old" },
        ],
      },
    ]);
  });
});
