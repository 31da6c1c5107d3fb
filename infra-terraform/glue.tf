# Glue, optional: a crawler that catalogues the source every month, and a Spark job that makes the same files as the Lambda.

locals {
  uses_glue = var.create_glue_job || var.create_crawler

  # What the job reads from the artifacts bucket: its script, and the files that it shares with the Lambda, which Glue
  # puts next to the script.
  glue_script = "${path.module}/glue/loan_moving_average.py"
  glue_shared = [
    "${path.module}/../sql/extract/loan_bank_controls.sql",
    "${path.module}/../sql/extract/banks.sql",
    "${path.module}/../sql/extract/branch_controls.sql",
    "${path.module}/../sql/extract/loan_controls.sql",
    "${path.module}/../sql/extract/source.sql",
    "${path.module}/../package.json",
  ]
  # The authorities that the job trusts.
  glue_ca_file = var.database_ca_file == null ? [] : [var.database_ca_file]
  # The files by their keys.
  glue_files = {
    for file in concat([local.glue_script], local.glue_shared, local.glue_ca_file) : "glue/${basename(file)}" => file if var.create_glue_job
  }

  connection_name = "${local.name}-ods"
  job_name        = "${local.name}-loan-moving-average"
  crawler_name    = "${local.name}-source"

  # Prefixes of ARNs in the policies below.
  glue_arn = "arn:${local.partition}:glue:${local.region}:${local.account_id}"
  logs_arn = "arn:${local.partition}:logs:${local.region}:${local.account_id}"
  ec2_arn  = "arn:${local.partition}:ec2:${local.region}:${local.account_id}"
}

resource "aws_s3_object" "glue" {
  for_each = local.glue_files

  bucket      = aws_s3_bucket.artifacts[0].id
  key         = each.key
  source      = each.value
  source_hash = filesha256(each.value)
  tags        = var.tags

  depends_on = [
    aws_s3_bucket_server_side_encryption_configuration.artifacts,
    aws_s3_bucket_versioning.artifacts,
  ]
}

data "aws_subnet" "glue" {
  count = local.uses_glue ? 1 : 0

  id = var.private_subnet_ids[0]
}

# Names the secret, so the connection contains no password and a rotation needs no change here.
resource "aws_glue_connection" "ods" {
  count = local.uses_glue ? 1 : 0

  name            = local.connection_name
  description     = "The operational data store"
  connection_type = "JDBC"

  connection_properties = {
    JDBC_CONNECTION_URL = "jdbc:postgresql://${var.database_host}:${var.database_port}/${var.database_name}"
    JDBC_ENFORCE_SSL    = "true"
    SECRET_ID           = module.kept.secret_arn
  }

  tags = var.tags

  physical_connection_requirements {
    availability_zone      = data.aws_subnet.glue[0].availability_zone
    subnet_id              = data.aws_subnet.glue[0].id
    security_group_id_list = [local.client_ids["glue"]]
  }
}

resource "aws_glue_crawler" "source" {
  count = var.create_crawler ? 1 : 0

  name          = local.crawler_name
  description   = "The tables of the operational data store, before the extract of each month"
  role          = aws_iam_role.glue["crawler"].arn
  database_name = aws_glue_catalog_database.extracts[0].name
  table_prefix  = "source_"
  tags          = var.tags
  # The first of the month at 00:01 UTC.
  schedule = "cron(1 0 1 * ? *)"

  jdbc_target {
    connection_name = aws_glue_connection.ods[0].name
    path            = "${var.database_name}/${var.database_schema}/%"
  }

  # A table that disappears from the source is marked as deprecated and keeps its description.
  schema_change_policy {
    update_behavior = "UPDATE_IN_DATABASE"
    delete_behavior = "DEPRECATE_IN_DATABASE"
  }
}

resource "aws_glue_job" "extract" {
  count = var.create_glue_job ? 1 : 0

  name              = local.job_name
  description       = "Makes the same files as the Lambda. Started by hand, with --month"
  role_arn          = aws_iam_role.glue["job"].arn
  glue_version      = "5.0"
  worker_type       = "G.1X"
  number_of_workers = 2
  # In minutes. The command line has the same limit of six hours.
  timeout     = 360
  max_retries = 0
  connections = [aws_glue_connection.ods[0].name]
  tags        = var.tags

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${aws_s3_bucket.artifacts[0].bucket}/${aws_s3_object.glue["glue/${basename(local.glue_script)}"].key}"
  }

  default_arguments = merge(
    {
      "--connection" = aws_glue_connection.ods[0].name
      "--schema"     = var.database_schema
      "--bucket"     = module.kept.extracts_bucket.name
      "--kms-key-id" = module.kept.key_arn
      # Its own log groups, because Glue's default ones never expire.
      "--custom-logGroup-prefix" = local.job_log_prefix
      "--extra-files" = join(",", [
        for file in concat(local.glue_shared, local.glue_ca_file) :
        "s3://${aws_s3_bucket.artifacts[0].bucket}/${aws_s3_object.glue["glue/${basename(file)}"].key}"
      ])
    },
    { for file in local.glue_ca_file : "--ca-file" => basename(file) },
  )

  # A second run of the same month would end with a ConflictError.
  execution_property {
    max_concurrent_runs = 1
  }
}

locals {
  job_log_prefix = "/aws-glue/${local.name}/job"
}

resource "aws_cloudwatch_log_group" "glue_job" {
  for_each = toset(var.create_glue_job ? ["error", "output"] : [])

  name              = "${local.job_log_prefix}/${each.key}"
  retention_in_days = 400
  kms_key_id        = module.kept.key_arn
  tags              = var.tags
}

# Failures. Glue itself informs nobody.

locals {
  glue_failures = merge(
    var.create_glue_job ? {
      job = {
        type    = "Glue Job State Change"
        detail  = { jobName = [local.job_name], state = ["FAILED", "TIMEOUT", "ERROR"] }
        message = "The Glue job ${local.job_name} ended with <state>: <reason>"
      }
    } : {},
    var.create_crawler ? {
      crawler = {
        type    = "Glue Crawler State Change"
        detail  = { crawlerName = [local.crawler_name], state = ["Failed"] }
        message = "The crawler ${local.crawler_name} ended with <state>: <reason>"
      }
    } : {},
  )
}

resource "aws_cloudwatch_event_rule" "glue_failed" {
  for_each = local.glue_failures

  name        = "${local.name}-glue-${each.key}-failed"
  description = "Failures of the Glue ${each.key}, for the topic for people"
  tags        = var.tags

  event_pattern = jsonencode({
    source        = ["aws.glue"]
    "detail-type" = [each.value.type]
    detail        = each.value.detail
  })
}

resource "aws_cloudwatch_event_target" "glue_failed" {
  for_each = local.glue_failures

  rule = aws_cloudwatch_event_rule.glue_failed[each.key].name
  arn  = aws_sns_topic.notify.arn

  input_transformer {
    input_paths = { state = "$.detail.state", reason = each.key == "job" ? "$.detail.message" : "$.detail.errorMessage" }
    # Not jsonencode, which writes < and > as \u003c and \u003e: EventBridge would see no placeholders.
    input_template = "\"${each.value.message}\""
  }
}

# Permissions. The crawler and the job each have a role.

data "aws_iam_policy_document" "glue_assume" {
  count = local.uses_glue ? 1 : 0

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

# Access to the database through the connection.
data "aws_iam_policy_document" "glue_connection" {
  count = local.uses_glue ? 1 : 0

  statement {
    sid       = "Connection"
    actions   = ["glue:GetConnection"]
    resources = ["${local.glue_arn}:catalog", "${local.glue_arn}:connection/${local.connection_name}"]
  }

  statement {
    sid       = "Secret"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    resources = [module.kept.secret_arn]
  }

  statement {
    sid       = "SecretKey"
    actions   = ["kms:Decrypt"]
    resources = [module.kept.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${local.region}.${local.dns_suffix}"]
    }
  }

  statement {
    sid = "LookAtNetwork"
    actions = [
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcAttribute",
      "ec2:DescribeVpcEndpoints",
    ]
    # EC2 does not support resource-level permissions for these actions.
    resources = ["*"]
  }

  statement {
    sid     = "EnterNetwork"
    actions = ["ec2:CreateNetworkInterface"]
    resources = [
      "${local.ec2_arn}:subnet/${data.aws_subnet.glue[0].id}",
      "${local.ec2_arn}:security-group/${local.client_ids["glue"]}",
      # The new interface has no id yet.
      "${local.ec2_arn}:network-interface/*",
    ]
  }

  statement {
    sid     = "LeaveNetwork"
    actions = ["ec2:DeleteNetworkInterface"]
    # Each run creates interfaces with new ids, so the condition limits the statement to this subnet.
    resources = ["${local.ec2_arn}:network-interface/*"]

    condition {
      test     = "ArnEquals"
      variable = "ec2:Subnet"
      values   = ["${local.ec2_arn}:subnet/${data.aws_subnet.glue[0].id}"]
    }
  }

  statement {
    sid     = "TagInterfaces"
    actions = ["ec2:CreateTags", "ec2:DeleteTags"]
    # New ids in each run, as above. Only the tag that Glue sets is allowed.
    resources = ["${local.ec2_arn}:network-interface/*"]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["aws-glue-service-resource"]
    }
  }

  statement {
    sid     = "Log"
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    # Glue chooses the log groups below this prefix.
    resources = ["${local.logs_arn}:log-group:/aws-glue/*"]
  }
}

data "aws_iam_policy_document" "glue_crawler" {
  count = var.create_crawler ? 1 : 0

  source_policy_documents = [data.aws_iam_policy_document.glue_connection[0].json]

  statement {
    sid = "Catalogue"
    actions = [
      "glue:BatchGetPartition",
      "glue:CreateTable",
      "glue:GetDatabase",
      "glue:GetPartitions",
      "glue:GetTable",
      "glue:GetTables",
      "glue:UpdateTable",
    ]
    resources = [
      "${local.glue_arn}:catalog",
      "${local.glue_arn}:database/${aws_glue_catalog_database.extracts[0].name}",
      # The crawler finds out which tables exist. All of their names have this prefix.
      "${local.glue_arn}:table/${aws_glue_catalog_database.extracts[0].name}/source_*",
    ]
  }
}

data "aws_iam_policy_document" "glue_job" {
  count = var.create_glue_job ? 1 : 0

  source_policy_documents = [data.aws_iam_policy_document.glue_connection[0].json]

  statement {
    sid       = "Script"
    actions   = ["s3:GetObject"]
    resources = [for key in keys(local.glue_files) : "${aws_s3_bucket.artifacts[0].arn}/${key}"]
  }

  # The same as for the Lambda's role in serverless.yml, because the job makes the same calls.
  statement {
    sid       = "Files"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${module.kept.extracts_bucket.arn}/*"]
  }

  statement {
    sid       = "Keys"
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [module.kept.extracts_bucket.arn]
  }

  statement {
    sid       = "FilesKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [module.kept.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${local.dns_suffix}"]
    }
  }

  statement {
    sid     = "Measure"
    actions = ["cloudwatch:PutMetricData"]
    # CloudWatch restricts this action by namespace, not by resource.
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Glue"]
    }
  }
}

locals {
  glue_policies = merge(
    var.create_crawler ? { crawler = data.aws_iam_policy_document.glue_crawler[0].json } : {},
    var.create_glue_job ? { job = data.aws_iam_policy_document.glue_job[0].json } : {},
  )
}

resource "aws_iam_role" "glue" {
  for_each = local.glue_policies

  name                 = "${local.regional_name}-glue-${each.key}"
  description          = "Role of the Glue ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.glue_assume[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "glue" {
  for_each = local.glue_policies

  name   = each.key
  role   = aws_iam_role.glue[each.key].id
  policy = each.value
}
