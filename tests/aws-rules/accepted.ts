/** What checkov and zizmor find and this project accepts: by check, where, and the reason. */

interface Accepted {
  readonly places: readonly string[];
  readonly because: string;
}

const keyPolicies = ["aws_iam_policy_document.key"];
const noFiles = ["aws_s3_bucket.artifacts", "aws_s3_bucket.logs", "aws_s3_bucket.replica"];
/** The module bucket/: the extracts, deliveries, and the tenants of the lake. */
const oneOfAll = "aws_s3_bucket.this";
const glueItself = ["aws_vpc_security_group_ingress_rule.glue_itself"];

export const acceptedOfTerraform: Readonly<Record<string, Accepted>> = {
  CKV_AWS_109: { places: keyPolicies, because: "In a key policy, * is the key, and the account manages it." },
  CKV_AWS_111: { places: keyPolicies, because: "In a key policy, * is the key, and the account manages it." },
  CKV_AWS_356: {
    places: [...keyPolicies, "aws_iam_policy_document.glue_connection"],
    because: "In a key policy, * is the key. EC2's Describe actions have no narrower resource.",
  },
  CKV_AWS_24: { places: glueItself, because: "The rule admits its own group only, not an address." },
  CKV_AWS_25: { places: glueItself, because: "The rule admits its own group only, not an address." },
  CKV_AWS_260: { places: glueItself, because: "The rule admits its own group only, not an address." },
  CKV2_AWS_5: {
    places: ["aws_security_group.client"],
    because: "serverless.yml attaches the Lambda's group; Glue's connection has the other.",
  },
  CKV2_AWS_34: {
    places: ["aws_ssm_parameter.handover"],
    because: "The parameters are names. CloudFormation can't resolve SecureString for these properties.",
  },
  CKV2_AWS_57: {
    places: ["aws_secretsmanager_secret.database", "aws_secretsmanager_secret.intake"],
    because: "A secret can be rotated only once it has a value, so rotation_days switches it on later.",
  },
  CKV_AWS_304: {
    places: ["aws_secretsmanager_secret_rotation.database"],
    because: "The number of days is the operator's: rotation_days.",
  },
  CKV2_AWS_62: { places: noFiles, because: "Nothing waits for the objects of these buckets." },
  CKV_AWS_144: {
    places: [...noFiles, oneOfAll],
    because:
      "kept/ copies the extracts on request, which checkov does not see in the module bucket/. Everything else can be made again, or stays in its region.",
  },
  CKV_AWS_18: {
    places: ["aws_s3_bucket.artifacts", "aws_s3_bucket.replica", oneOfAll],
    because:
      "No published file is in the first, and nobody reads the second in daily work. kept/ logs access to the extracts on request.",
  },
  CKV_AWS_338: {
    places: ["aws_cloudwatch_log_group.function", "aws_cloudwatch_log_group.state_machine"],
    because: "The number of days is the operator's: log_retention_days, 400 by default.",
  },
  CKV_AWS_145: {
    places: ["aws_s3_bucket.logs"],
    because: "S3 delivers access logs only to buckets with its own encryption.",
  },
  CKV_AWS_35: {
    places: ["aws_cloudtrail.files"],
    because: "Its bucket is encrypted, and is shared with the access log.",
  },
  CKV_AWS_67: {
    places: ["aws_cloudtrail.files"],
    because: "The trail is about one bucket, which is in one region.",
  },
  CKV_AWS_252: {
    places: ["aws_cloudtrail.files"],
    because: "The trail is evidence for later, not an alarm.",
  },
  CKV2_AWS_10: {
    places: ["aws_cloudtrail.files"],
    because: "The trail is evidence for later, not an alarm.",
  },
  CKV_AWS_195: {
    places: ["aws_glue_crawler.source", "aws_glue_job.extract"],
    because: "Files and the job's log groups are encrypted with the stage's key; there are no bookmarks.",
  },
  CKV_AWS_358: {
    places: ["aws_iam_policy_document.assume"],
    because: "The claim names repository and environment, but checkov does not know the variables' values.",
  },
};

export const acceptedOfWorkflows: Readonly<Record<string, Accepted>> = {
  "adhoc-packages": {
    places: ["check.yml"],
    because: "The job tests one PostgreSQL after the other, each in its exact version.",
  },
};
