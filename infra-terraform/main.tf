# What all files share: the name that everything here bears, and where we are.

locals {
  # The Lambdas of serverless.yml are called <service>-<stage>-<function>; what belongs to them begins alike.
  name = "bank-batch-${var.stage}"

  functions = { for function in ["extract", "verify", "notify"] : function => "${local.name}-${function}" }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
