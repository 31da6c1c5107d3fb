/** What an action has staged and not completed is aborted when it settles, and nothing else. */
import type { ObjectStore } from "../../../src/platform/bucket/object-store";
import type { StagedObject } from "../../../src/platform/bucket/staged-upload";
import { withUploads } from "../../../src/platform/bucket/uploads";

const version = { etag: '"1"', versionId: null };

async function* noBytes(): AsyncGenerator<Buffer> {
  // It stages nothing.
}

/** Objects that are staged and aborted by name alone. */
function recorded({ cannotAbort = "", cannotComplete = "" } = {}) {
  const [aborted, mediaTypes]: [string[], (string | undefined)[]] = [[], []];
  const refuse = () => Promise.reject(new Error("no"));
  const objects = {
    stage: (key: string, _body: unknown, mediaType?: string) => {
      mediaTypes.push(mediaType);
      return Promise.resolve({ key, uploadId: key, parts: [] });
    },
    complete: ({ key }: StagedObject) => (key === cannotComplete ? refuse() : Promise.resolve(version)),
    abort: ({ key }: StagedObject) => {
      aborted.push(key);
      return key === cannotAbort ? refuse() : Promise.resolve();
    },
  };
  return { objects: objects as unknown as ObjectStore, aborted, mediaTypes };
}

it("a successful action keeps what it completed", async () => {
  const { objects, aborted, mediaTypes } = recorded();
  const outcome = await withUploads(objects, async (uploads) => {
    const staged = await uploads.stage("a", noBytes(), "text/plain");
    await uploads.stage("b", noBytes());
    return uploads.complete(staged, undefined);
  });
  expect([outcome, aborted, mediaTypes]).toEqual([version, ["b"], ["text/plain", undefined]]);
});

it("a failed action leaves nothing open, even if one upload can't be aborted", async () => {
  const { objects, aborted } = recorded({ cannotAbort: "a", cannotComplete: "b" });
  const failing = withUploads(objects, async (uploads) => {
    await uploads.stage("a", noBytes());
    await uploads.complete(await uploads.stage("b", noBytes()), undefined);
  });
  await expect(failing).rejects.toThrow("no");
  expect(aborted).toEqual(["a", "b"]);
});

it("uploads of earlier runs are aborted when they are named", async () => {
  const { objects, aborted } = recorded({ cannotAbort: "left" });
  await withUploads(objects, (uploads) =>
    uploads.abort([
      { key: "left", uploadId: "1" },
      { key: "behind", uploadId: "2" },
    ]),
  );
  expect(aborted).toEqual(["left", "behind"]);
});
