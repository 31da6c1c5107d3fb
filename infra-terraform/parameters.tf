# The settings that the serverless files read when they are deployed.

locals {
  parameters = merge(local.intake_parameters, {
    "database-secret-arn" = module.kept.secret_arn
    # Without a master secret, the same secret and key again: then these parameters grant nothing more.
    "master-secret-arn"            = try(var.database_master_secret.arn, module.kept.secret_arn)
    "master-secret-key-arn"        = try(coalesce(var.database_master_secret.kms_key_arn), module.kept.key_arn)
    "extracts-bucket"              = module.kept.extracts_bucket.name
    "extracts-key-arn"             = module.kept.key_arn
    "notify-topic-arn"             = aws_sns_topic.notify.arn
    "notify-dead-letter-queue-arn" = aws_sqs_queue.notify_failed.arn
    "announce-topic-arn"           = aws_sns_topic.announce.arn
    "lambda-security-group-id"     = local.client_ids["lambda"]
    "private-subnet-ids"           = join(",", var.private_subnet_ids)
    # Without intake, the extract's secret and key again, for the rotation: then it may do nothing more.
    "intake-database-secret-arn" = try(module.kept.intake.secret_arn, module.kept.secret_arn)
    "intake-key-arn"             = try(module.kept.intake.key_arn, module.kept.key_arn)
    # The same for the lake, which reads both intake's messages and the extract's.
    "intake-bucket"    = try(module.kept.intake.intake_bucket.name, module.kept.extracts_bucket.name)
    "intake-topic-arn" = try(aws_sns_topic.intake[0].arn, aws_sns_topic.announce.arn)
    # SSM stores no empty values.
    "permissions-boundary-arn" = coalesce(var.permissions_boundary_arn, "none")
  })
}

resource "aws_ssm_parameter" "handover" {
  for_each = local.parameters

  name        = "/bank-batch/${var.stage}/${each.key}"
  description = "Read by the serverless files, written by Terraform"
  type        = "String"
  value       = each.value
  tags        = var.tags
}
