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

/** What everything in the lake needs. */
export interface TenantSettings {
  readonly tenants: readonly Tenant[];
  /** The DynamoDB table with the lineage. */
  readonly lineageTable: string;
  readonly bucketOf: (tenant: Pick<Tenant, "id">) => BucketSettings;
  /** A bucket of another pipeline. */
  readonly bucketNamed: (bucket: string) => BucketSettings;
  /** The SNS topic for machines: one message for each month that changed, and for each raw file. Undefined sends none. */
  readonly topicArn: string | undefined;
}

/** What the tenants' own files need. */
export interface RefineSettings extends TenantSettings {
  /** The SNS topic for people: one message for each file that was rejected. Undefined sends none. */
  readonly notifyTopicArn: string | undefined;
}

export interface LakeSettings extends TenantSettings {
  /** Where the extracts are published. */
  readonly source: { readonly bucket: BucketSettings; readonly prefix: string };
  /** Where intake archives deliveries; undefined for a stage without intake. */
  readonly intake: BucketSettings | undefined;
}

const TENANT = "{tenant}";

const sourceVariables = v.object({
  EXTRACT_BUCKET: bucketName,
  EXTRACT_PREFIX: v.optional(keyPrefix, ""),
  INTAKE_BUCKET: v.optional(bucketName),
});

const notifyVariables = v.object({ NOTIFY_TOPIC_ARN: v.optional(topicArn) });

const tenantVariables = v.pipe(
  v.object({
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
    const bucketNamed = (bucket: string) => ({ bucket, ...options });
    return {
      tenantsFile: env.LAKE_TENANTS_FILE,
      lineageTable: env.LAKE_LINEAGE_TABLE,
      topicArn: env.LAKE_TOPIC_ARN,
      bucketOf: ({ id }: Pick<Tenant, "id">) => bucketNamed(env.LAKE_BUCKETS.replaceAll(TENANT, id)),
      bucketNamed,
    };
  }),
);

/** @throws ConfigError that names every setting that is missing or wrong, or what is wrong with the list of tenants. */
export function parseLakeSettings(variables: Variables): LakeSettings {
  const { tenant, source } = parseSettings({ tenant: tenantVariables, source: sourceVariables }, variables);
  const { EXTRACT_BUCKET, EXTRACT_PREFIX: prefix, INTAKE_BUCKET } = source;
  return {
    ...withTenants(tenant),
    source: { bucket: tenant.bucketNamed(EXTRACT_BUCKET), prefix },
    intake: INTAKE_BUCKET === undefined ? undefined : tenant.bucketNamed(INTAKE_BUCKET),
  };
}

/** The settings without those of the extracts. @throws ConfigError like {@link parseLakeSettings}. */
export function parseRefineSettings(variables: Variables): RefineSettings {
  const { tenant, notify } = parseSettings({ tenant: tenantVariables, notify: notifyVariables }, variables);
  return { ...withTenants(tenant), notifyTopicArn: notify.NOTIFY_TOPIC_ARN };
}

function withTenants({ tenantsFile, ...settings }: v.InferOutput<typeof tenantVariables>): TenantSettings {
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
