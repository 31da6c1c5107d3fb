/** What S3 reports to EventBridge, and EventBridge to a queue. */
import * as v from "valibot";

/** Source: Amazon S3 User Guide, "EventBridge event message structure". */
const objectCreated = v.looseObject({
  "detail-type": v.literal("Object Created"),
  detail: v.looseObject({
    bucket: v.looseObject({ name: v.string() }),
    object: v.looseObject({ key: v.string(), "version-id": v.optional(v.string()) }),
  }),
});

export interface CreatedObject {
  readonly bucket: string;
  readonly key: string;
  /** Undefined if the bucket has no versioning. */
  readonly versionId: string | undefined;
}

/** The object of an event; undefined if the text is not the event of an object that was created. */
export function createdObject(body: string): CreatedObject | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), objectCreated), body);
  if (!parsed.success) return undefined;
  const { bucket, object } = parsed.output.detail;
  return { bucket: bucket.name, key: object.key, versionId: object["version-id"] };
}
