# Glue: a crawler that catalogues the source every month, and a job that makes the same files as the Lambda, with Spark.

locals {
  # All that the job reads from the artifacts bucket: the script, and what it shares with the Lambda, which Glue puts
  # beside it.
  glue_script = "${path.module}/glue/loan_moving_average.py"
  glue_shared = [
    "${path.module}/../sql/extract/bank_totals.sql",
    "${path.module}/../sql/extract/banks.sql",
    "${path.module}/../sql/extract/branch_controls.sql",
    "${path.module}/../sql/extract/loan_controls.sql",
    "${path.module}/../sql/extract/source.sql",
    "${path.module}/../sql/extract/undated_loans.sql",
    "${path.module}/../package.json",
  ]
  # By their keys.
  glue_files = { for file in concat([local.glue_script], local.glue_shared) : "glue/${basename(file)}" => file }

  connection_name = "${local.name}-ods"

  # Parts of the ARNs of things that Glue names by their kind.
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

# Names the secret, so no password is in the connection, and a rotation needs no change here.
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
  description   = "The tables of the operational data store, before each month's extract"
  role          = aws_iam_role.glue["crawler"].arn
  database_name = aws_glue_catalog_database.extracts.name
  table_prefix  = "source_"
  # The first of the month at 00:01 UTC.
  schedule = "cron(1 0 1 * ? *)"

  jdbc_target {
    connection_name = aws_glue_connection.ods.name
    path            = "${var.database_name}/${var.database_schema}/%"
  }

  # A table that is gone from the source is marked, not deleted: somebody may ask what it was.
  schema_change_policy {
    update_behavior = "UPDATE_IN_DATABASE"
    delete_behavior = "DEPRECATE_IN_DATABASE"
  }
}

resource "aws_glue_job" "extract" {
  name              = "${local.name}-loan-moving-average"
  description       = "Makes the same files as the Lambda; started by hand, with --month"
  role_arn          = aws_iam_role.glue["job"].arn
  glue_version      = "5.0"
  worker_type       = "G.1X"
  number_of_workers = 2
  # In minutes; the Lambda's own limit on a terminal is six hours too.
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

  # Two runs of a month end in one result and one refusal; there is no use in starting them.
  execution_property {
    max_concurrent_runs = 1
  }
}

# Rights. The crawler and the job have a role each.

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

# What it takes to get through the connection to the database.
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
    # EC2 lets nobody restrict these to a resource.
    resources = ["*"]
  }

  statement {
    sid     = "EnterNetwork"
    actions = ["ec2:CreateNetworkInterface"]
    resources = [
      "${local.ec2_arn}:subnet/${data.aws_subnet.glue.id}",
      "${local.ec2_arn}:security-group/${local.client_ids["glue"]}",
      # What is being created has no id yet.
      "${local.ec2_arn}:network-interface/*",
    ]
  }

  statement {
    sid     = "LeaveNetwork"
    actions = ["ec2:DeleteNetworkInterface"]
    # Glue's interfaces have ids of their own each run; those of this subnet it is.
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
    # As above; nothing but Glue's own mark may be put on them.
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
    # Glue chooses the groups below this name.
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
      # Which tables the source has is for the crawler to find out; all of them begin so.
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

  # What the Lambda's role in serverless.yml has, for the same calls.
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
    # CloudWatch lets nobody restrict this to a resource, but to a namespace.
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
  description        = "Glue's ${each.key}"
  assume_role_policy = data.aws_iam_policy_document.glue_assume.json
}

resource "aws_iam_role_policy" "glue" {
  for_each = local.glue_policies

  name   = each.key
  role   = aws_iam_role.glue[each.key].id
  policy = each.value
}
