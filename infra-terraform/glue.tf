# Glue: a crawler that catalogues the source every month, and a Spark job that makes the same files as the Lambda.

locals {
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
  # The files by their keys.
  glue_files = { for file in concat([local.glue_script], local.glue_shared) : "glue/${basename(file)}" => file }

  connection_name = "${local.name}-ods"

  # Prefixes of ARNs in the policies below.
  glue_arn = "arn:${data.aws_partition.current.partition}:glue:${var.region}:${data.aws_caller_identity.current.account_id}"
  logs_arn = "arn:${data.aws_partition.current.partition}:logs:${var.region}:${data.aws_caller_identity.current.account_id}"
  ec2_arn  = "arn:${data.aws_partition.current.partition}:ec2:${var.region}:${data.aws_caller_identity.current.account_id}"
}

resource "aws_s3_object" "glue" {
  for_each = local.glue_files

  bucket      = aws_s3_bucket.artifacts.id
  key         = each.key
  source      = each.value
  source_hash = filesha256(each.value)

  depends_on = [
    aws_s3_bucket_server_side_encryption_configuration.artifacts,
    aws_s3_bucket_versioning.artifacts,
  ]
}

data "aws_subnet" "glue" {
  id = var.private_subnet_ids[0]
}

# Names the secret, so the connection contains no password and a rotation needs no change here.
resource "aws_glue_connection" "ods" {
  name            = local.connection_name
  description     = "The operational data store"
  connection_type = "JDBC"

  connection_properties = {
    JDBC_CONNECTION_URL = "jdbc:postgresql://${var.database_host}:${var.database_port}/${var.database_name}"
    JDBC_ENFORCE_SSL    = "true"
    SECRET_ID           = module.kept.secret_arn
  }

  physical_connection_requirements {
    availability_zone      = data.aws_subnet.glue.availability_zone
    subnet_id              = data.aws_subnet.glue.id
    security_group_id_list = [local.client_ids["glue"]]
  }
}

resource "aws_glue_crawler" "source" {
  name          = "${local.name}-source"
  description   = "The tables of the operational data store, before the extract of each month"
  role          = aws_iam_role.glue["crawler"].arn
  database_name = aws_glue_catalog_database.extracts.name
  table_prefix  = "source_"
  # The first of the month at 00:01 UTC.
  schedule = "cron(1 0 1 * ? *)"

  jdbc_target {
    connection_name = aws_glue_connection.ods.name
    path            = "${var.database_name}/${var.database_schema}/%"
  }

  # A table that disappears from the source is marked as deprecated and keeps its description.
  schema_change_policy {
    update_behavior = "UPDATE_IN_DATABASE"
    delete_behavior = "DEPRECATE_IN_DATABASE"
  }
}

resource "aws_glue_job" "extract" {
  name              = "${local.name}-loan-moving-average"
  description       = "Makes the same files as the Lambda. Started by hand, with --month"
  role_arn          = aws_iam_role.glue["job"].arn
  glue_version      = "5.0"
  worker_type       = "G.1X"
  number_of_workers = 2
  # In minutes. The command line has the same limit of six hours.
  timeout     = 360
  max_retries = 0
  connections = [aws_glue_connection.ods.name]

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${aws_s3_bucket.artifacts.bucket}/${aws_s3_object.glue["glue/${basename(local.glue_script)}"].key}"
  }

  default_arguments = {
    "--connection" = aws_glue_connection.ods.name
    "--schema"     = var.database_schema
    "--bucket"     = module.kept.extracts_bucket.name
    "--kms-key-id" = module.kept.key_arn
    "--extra-files" = join(",", [
      for file in local.glue_shared :
      "s3://${aws_s3_bucket.artifacts.bucket}/${aws_s3_object.glue["glue/${basename(file)}"].key}"
    ])
  }

  # A second run of the same month would end with a ConflictError.
  execution_property {
    max_concurrent_runs = 1
  }
}

# Permissions. The crawler and the job each have a role.

data "aws_iam_policy_document" "glue_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

# Access to the database through the connection.
data "aws_iam_policy_document" "glue_connection" {
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
      values   = ["secretsmanager.${var.region}.${data.aws_partition.current.dns_suffix}"]
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
      "${local.ec2_arn}:subnet/${data.aws_subnet.glue.id}",
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
      values   = ["${local.ec2_arn}:subnet/${data.aws_subnet.glue.id}"]
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
  source_policy_documents = [data.aws_iam_policy_document.glue_connection.json]

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
      "${local.glue_arn}:database/${aws_glue_catalog_database.extracts.name}",
      # The crawler finds out which tables exist. All of their names have this prefix.
      "${local.glue_arn}:table/${aws_glue_catalog_database.extracts.name}/source_*",
    ]
  }
}

data "aws_iam_policy_document" "glue_job" {
  source_policy_documents = [data.aws_iam_policy_document.glue_connection.json]

  statement {
    sid       = "Script"
    actions   = ["s3:GetObject"]
    resources = [for key in keys(local.glue_files) : "${aws_s3_bucket.artifacts.arn}/${key}"]
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
      values   = ["s3.${var.region}.${data.aws_partition.current.dns_suffix}"]
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
  glue_policies = {
    crawler = data.aws_iam_policy_document.glue_crawler.json
    job     = data.aws_iam_policy_document.glue_job.json
  }
}

resource "aws_iam_role" "glue" {
  for_each = local.glue_policies

  name               = "${local.name}-glue-${each.key}"
  description        = "Role of the Glue ${each.key}"
  assume_role_policy = data.aws_iam_policy_document.glue_assume.json
}

resource "aws_iam_role_policy" "glue" {
  for_each = local.glue_policies

  name   = each.key
  role   = aws_iam_role.glue[each.key].id
  policy = each.value
}
