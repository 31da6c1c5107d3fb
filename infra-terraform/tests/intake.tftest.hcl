# Tests of the plan: intake. AWS is mocked.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  stage                      = "prod"
  vpc_id                     = "vpc-0123456789abcdef0"
  private_subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  private_route_table_ids    = ["rtb-0123456789abcdef0"]
  database_host              = "ods.example.com"
  database_name              = "ods"
  database_security_group_id = "sg-0123456789abcdef0"
  notify_emails              = ["data-support@example.com"]
  expects_every_month        = true
}

# The mock would give intake's key and secret the ARNs of the extracts'.
override_module {
  target          = module.kept.module.intake_key
  override_during = plan
  outputs         = { arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000003" }
}

override_resource {
  target          = module.kept.aws_secretsmanager_secret.intake
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:intake-abcdef" }
}

run "intake" {
  command = plan

  variables {
    intake = {
      uploaders     = { FirstNational = ["arn:aws:iam::210987654321:role/files"], ŁódźBank = ["310987654321"] }
      rotation_days = 30
    }
  }

  assert {
    condition = { for name in ["landing-bucket", "intake-bucket", "intake-topic-arn", "intake-key-arn", "intake-database-secret-arn"] : name => aws_ssm_parameter.handover[name].value } == {
      "landing-bucket"             = "bank-batch-prod-eu-west-1-landing-123456789012"
      "intake-bucket"              = "bank-batch-prod-eu-west-1-intake-123456789012"
      "intake-topic-arn"           = aws_sns_topic.intake[0].arn
      "intake-key-arn"             = module.kept.intake.key_arn
      "intake-database-secret-arn" = module.kept.intake.secret_arn
    }
    error_message = "The parameters are not the ones that serverless.intake.yml reads."
  }

  assert {
    condition     = aws_sns_topic.intake[0].kms_master_key_id == module.kept.intake.key_arn && contains(keys(aws_sns_topic_policy.topic), "intake")
    error_message = "The topic for machines is not encrypted, or accepts plain HTTP."
  }

  assert {
    condition     = { for bank, role in aws_iam_role.uploader : bank => role.tags["bank"] } == { FirstNational = "FirstNational", ŁódźBank = "ŁódźBank" }
    error_message = "The policy takes the bank's name from the role's tag, which has another."
  }

  assert {
    condition = { for bank, document in data.aws_iam_policy_document.uploader_assume : bank => flatten([for each in document.statement[0].principals : tolist(each.identifiers)]) } == {
      FirstNational = ["arn:aws:iam::210987654321:role/files"]
      ŁódźBank      = ["310987654321"]
    }
    error_message = "Somebody else than the bank can assume its role."
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.uploader[0].statement : join(" ", sort(statement.actions)) => join(" ", statement.resources) } == {
      "s3:AbortMultipartUpload s3:PutObject" = "${module.kept.intake.landing_bucket.arn}/landing/$${aws:PrincipalTag/bank}/*"
      "kms:Decrypt kms:GenerateDataKey"      = module.kept.intake.key_arn
    }
    error_message = "A bank may do more than write to its own folder."
  }

  assert {
    condition = alltrue([
      for role in aws_iam_role.uploader : length(role.name) <= 64 && startswith(role.name, "upload-bank-batch-prod-eu-west-1-")
    ])
    error_message = "The landing bucket does not admit the role, by its name."
  }

  assert {
    condition     = { for name, rotation in aws_secretsmanager_secret_rotation.database : name => rotation.secret_id } == { intake = module.kept.intake.secret_arn }
    error_message = "The rotation of intake's secret is off, or another one is on."
  }

  assert {
    condition = length(setsubtract(
      ["start", "receive", "load", "stage", "settle"], [for group in aws_cloudwatch_log_group.function : trimprefix(group.name, "/aws/lambda/bank-batch-intake-prod-")],
    )) == 0
    error_message = "A function of intake has no log group."
  }
}

run "kept_by_intake" {
  command = plan

  module {
    source = "./kept"
  }

  override_module {
    target          = module.intake_key
    override_during = plan
    outputs         = { arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000003" }
  }

  variables {
    name                    = "bank-batch-prod"
    regional_name           = "bank-batch-prod-eu-west-1"
    folders                 = [""]
    noncurrent_version_days = 3650
    writer_arns             = []
    operator_arns           = []
    intake = {
      uploader_arns           = ["arn:aws:iam::123456789012:role/upload-bank-batch-prod-eu-west-1-*"]
      keep_days               = { raw = 400, archive = 3650 }
      noncurrent_version_days = 30
    }
  }

  assert {
    condition     = aws_secretsmanager_secret.intake[0].kms_key_id == module.intake_key[0].arn
    error_message = "The secret is encrypted with another key than the one that the functions' roles may use."
  }
}

run "without_intake" {
  command = plan

  assert {
    condition = (
      length(aws_sns_topic.intake) + length(aws_iam_role.uploader) == 0 && module.kept.intake == null
      && aws_ssm_parameter.handover["intake-database-secret-arn"].value == module.kept.secret_arn
      && aws_ssm_parameter.handover["intake-key-arn"].value == module.kept.key_arn
      && aws_ssm_parameter.handover["intake-bucket"].value == module.kept.extracts_bucket.name
      && aws_ssm_parameter.handover["intake-topic-arn"].value == aws_sns_topic.announce.arn
    )
    error_message = "By default, there is something of intake, or the rotation and the lake may use more than what is the extract's."
  }

  assert {
    condition     = [for group in aws_cloudwatch_log_group.function : group.name if !can(regex("^/aws/lambda/bank-batch-(backfill-)?prod-", group.name)) || !group.skip_destroy || group.retention_in_days != 400] == []
    error_message = "A log group is another function's, or goes with the stage, or expires too early."
  }
}

run "logs" {
  command = plan

  variables {
    intake             = {}
    log_retention_days = 30
  }

  assert {
    condition = toset([for group in aws_cloudwatch_log_group.state_machine : group.name]) == toset([
      "/aws/vendedlogs/states/bank-batch-backfill-prod", "/aws/vendedlogs/states/bank-batch-intake-prod",
    ])
    error_message = "A state machine has no log group where its stack looks for it."
  }

  assert {
    condition = alltrue([
      for group in concat(values(aws_cloudwatch_log_group.function), values(aws_cloudwatch_log_group.state_machine)) :
      group.skip_destroy && group.retention_in_days == 30 && group.kms_key_id == module.kept.key_arn
    ])
    error_message = "Logs go with the stage, or are kept for another time, or are encrypted with another key."
  }
}

run "rejects_malformed_values" {
  command = plan
  expect_failures = [
    var.intake, var.tenants, var.lake_scan_limit_gib, var.log_retention_days,
  ]

  variables {
    intake = { uploaders = { "First National" = ["everybody"] }, noncurrent_version_days = 0.5 }
    tenants = [
      { id = "First National", bankId = 1, name = "First National", datasets = ["everything"] },
      { id = "a-tenant-with-a-long-name", bankId = 1, name = "", datasets = [] },
    ]
    lake_scan_limit_gib = 0
    log_retention_days  = 42
  }
}
