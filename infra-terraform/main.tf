# Shared by all files: names, the account, the partition and the region.

locals {
  # The Lambda functions in the serverless files are named <service>-<stage>-<function>. Everything here uses the same prefix.
  name = "bank-batch-${var.stage}"

  # For names that are unique in the whole account: two regions may have the same stage.
  regional_name = "${local.name}-${local.region}"

  # A test compares the functions with those of the serverless files.
  functions          = { for function in ["extract", "verify", "announce", "notify", "rotate"] : function => "${local.name}-${function}" }
  backfill_functions = ["plan", "piece", "report"]
  intake_functions   = ["start", "receive", "load", "stage", "settle"]
  lake_functions     = ["lake", "refine"]

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
  dns_suffix = data.aws_partition.current.dns_suffix
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# The provider's region. Deploy serverless.yml to the same one (--region).
data "aws_region" "current" {}
