/** The lake's settings, read once from the environment at the edges. */
import * as v from "valibot";

import { ConfigError } from "../platform/errors";
import {
  bucketName,
  type BucketSettings,
  keyPrefix,
  oneOf,
  parseSettings,
  text,
  topicArn,
  type Variables,
} from "../platform/settings";
import { datasetNames } from "./datasets";
import { readTenants, type Tenant } from "./tenants";

export interface LakeSettings {
  /** Where the extracts are published. */
  readonly source: { readonly bucket: BucketSettings; readonly prefix: string };
  readonly tenants: readonly Tenant[];
  /** The DynamoDB table with the lineage. */
  readonly lineageTable: string;
  readonly bucketOf: (tenant: Tenant) => BucketSettings;
  /** The SNS topic for machines: one message for each month that changed. Undefined sends none. */
  readonly topicArn: string | undefined;
}

const TENANT = "{tenant}";

const lakeVariables = v.pipe(
  v.object({
    EXTRACT_BUCKET: bucketName,
    EXTRACT_PREFIX: v.optional(keyPrefix, ""),
    LAKE_BUCKETS: v.pipe(
      text,
      v.check(
        (pattern) => v.is(bucketName, pattern.replaceAll(TENANT, "a")) && pattern.includes(TENANT),
        `expected a bucket's name with ${TENANT} in the place of the tenant's id`,
      ),
    ),
    LAKE_LINEAGE_TABLE: text,
    LAKE_TENANTS_FILE: v.optional(text),
    LAKE_TOPIC_ARN: v.optional(topicArn),
    S3_FORCE_PATH_STYLE: v.optional(oneOf(["true", "false"]), "false"),
  }),
  v.transform((env) => {
    // Each bucket has a key of its own, which is the bucket's default.
    const options = {
      kmsKeyId: undefined,
      forcePathStyle: env.S3_FORCE_PATH_STYLE === "true",
      // Two files are made at a time, each completed as soon as it is staged: there is nothing to save by waiting.
      heldBytes: 0,
    };
    return {
      source: { bucket: { bucket: env.EXTRACT_BUCKET, ...options }, prefix: env.EXTRACT_PREFIX },
      tenantsFile: env.LAKE_TENANTS_FILE,
      lineageTable: env.LAKE_LINEAGE_TABLE,
      topicArn: env.LAKE_TOPIC_ARN,
      bucketOf: ({ id }: Tenant) => ({ bucket: env.LAKE_BUCKETS.replaceAll(TENANT, id), ...options }),
    };
  }),
);

/** @throws ConfigError that names every setting that is missing or wrong, or what is wrong with the list of tenants. */
export function parseLakeSettings(variables: Variables): LakeSettings {
  const { tenantsFile, ...settings } = parseSettings({ lake: lakeVariables }, variables).lake;
  const tenants = readTenants(tenantsFile);
  const unknown = new Set(
    tenants.flatMap((tenant) => tenant.datasets.filter((name) => !datasetNames.includes(name))),
  );
  if (unknown.size > 0) {
    throw new ConfigError(`the list of tenants has datasets that there are not: ${[...unknown].join(", ")}`, {
      hint: `Correct the list; the datasets are ${datasetNames.join(", ")}.`,
    });
  }
  return { ...settings, tenants };
}
