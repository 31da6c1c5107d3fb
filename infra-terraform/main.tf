# Shared by all files: the name prefix, the account and the partition.

locals {
  # The Lambda functions in serverless.yml are named <service>-<stage>-<function>. Everything here uses the same prefix.
  name = "bank-batch-${var.stage}"

  functions = { for function in ["extract", "verify", "announce", "notify", "rotate"] : function => "${local.name}-${function}" }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
