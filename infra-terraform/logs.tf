# The log groups of all functions and state machines. They are here and not in the stacks, because a stack that is removed takes its groups with
# it, and the logs say who changed a file and why a run failed.

locals {
  log_groups = concat(
    values(local.functions),
    [for function in local.backfill_functions : "bank-batch-backfill-${var.stage}-${function}"],
    var.intake == null ? [] : [for function in local.intake_functions : "bank-batch-intake-${var.stage}-${function}"],
    length(var.tenants) == 0 ? [] : [for function in local.lake_functions : "bank-batch-lake-${var.stage}-${function}"],
  )
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = toset(local.log_groups)

  name              = "/aws/lambda/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = module.kept.key_arn
  # terraform destroy leaves the logs.
  skip_destroy = true
  tags         = var.tags
}

resource "aws_cloudwatch_log_group" "state_machine" {
  for_each = toset(concat(["bank-batch-backfill"], var.intake == null ? [] : ["bank-batch-intake"]))

  name              = "/aws/vendedlogs/states/${each.key}-${var.stage}"
  retention_in_days = var.log_retention_days
  kms_key_id        = module.kept.key_arn
  skip_destroy      = true
  tags              = var.tags
}
