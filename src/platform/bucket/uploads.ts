/** The uploads of one action: whatever it has staged and not completed when it settles is aborted, here and nowhere else. */
import type { ObjectStore, ObjectVersion } from "./object-store";
import type { OpenUpload, StagedObject } from "./staged-upload";

export class Uploads {
  readonly #objects: ObjectStore;
  readonly #open = new Set<StagedObject>();

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** Like {@link ObjectStore.stage}. */
  async stage(key: string, body: AsyncIterable<Buffer>, mediaType?: string): Promise<StagedObject> {
    const staged = await this.#objects.stage(key, body, mediaType);
    this.#open.add(staged);
    return staged;
  }

  /** Like {@link ObjectStore.complete}. */
  async complete(staged: StagedObject, replaces: ObjectVersion | undefined): Promise<ObjectVersion> {
    const version = await this.#objects.complete(staged, replaces);
    this.#open.delete(staged);
    return version;
  }

  /** Aborts these, or else all that are open. What fails here, the next run aborts, or the bucket's lifecycle rule. */
  async abort(uploads: Iterable<OpenUpload | StagedObject> = this.#open): Promise<void> {
    await Promise.allSettled([...uploads].map((upload) => this.#objects.abort(upload)));
  }
}

/** Runs an action with uploads of its own. */
export async function withUploads<Outcome>(
  objects: ObjectStore,
  action: (uploads: Uploads) => Promise<Outcome>,
): Promise<Outcome> {
  const uploads = new Uploads(objects);
  try {
    return await action(uploads);
  } finally {
    await uploads.abort();
  }
}
