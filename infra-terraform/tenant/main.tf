# The tables of one tenant of the lake, a workgroup for queries, and the role of the tenant's analysts, which reads this
# tenant's bucket and no other. A module, so that nothing here refers to a list of all tenants: with hundreds of them, Terraform
# would take minutes.

locals {
  database   = replace("bank_batch_${var.id}_${var.stage}", "-", "_")
  bucket_arn = "arn:${var.place.partition}:s3:::${var.bucket}"
  athena_arn = "arn:${var.place.partition}:athena:${var.place.region}:${var.place.account_id}"
  glue_arn   = "arn:${var.place.partition}:glue:${var.place.region}:${var.place.account_id}"
}

resource "aws_glue_catalog_database" "lake" {
  name        = local.database
  description = "The lake of ${var.id}: published months, typed"
  tags        = var.tags
}

# A table reads the lists below tables/, which name the files of a month (docs/decisions/20-lists.md). Athena computes their
# locations from the query, so a new month needs nothing here.
resource "aws_glue_catalog_table" "lake" {
  for_each = var.datasets

  database_name = aws_glue_catalog_database.lake.name
  name          = each.key
  description   = "The months that the lists of ${each.key} name"
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                    = "TRUE"
    classification              = "parquet"
    "projection.enabled"        = "true"
    "projection.year.type"      = "integer"
    "projection.year.range"     = "2000,2099"
    "projection.month.type"     = "integer"
    "projection.month.range"    = "1,12"
    "projection.month.digits"   = "2"
    "storage.location.template" = "s3://${var.bucket}/tables/${each.key}/year=$${year}/month=$${month}/"
  }

  partition_keys {
    name = "year"
    type = "string"
  }

  partition_keys {
    name = "month"
    type = "string"
  }

  storage_descriptor {
    location      = "s3://${var.bucket}/tables/${each.key}/"
    input_format  = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }

    dynamic "columns" {
      for_each = each.value

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}

resource "aws_athena_workgroup" "lake" {
  name          = "bank-batch-${var.id}-${var.stage}"
  description   = "Queries over the lake of ${var.id}"
  force_destroy = true
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = false
    bytes_scanned_cutoff_per_query     = var.scan_limit_gib * 1024 * 1024 * 1024

    result_configuration {
      # Results are as confidential as the files, so they are in the tenant's own bucket.
      output_location       = "s3://${var.bucket}/${var.results_folder}"
      expected_bucket_owner = var.place.account_id

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.key_arn
      }
    }
  }
}

data "aws_iam_policy_document" "analyst_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.analyst_principals
    }
  }
}

data "aws_iam_policy_document" "analyst" {
  statement {
    sid     = "Read"
    actions = ["s3:GetObject"]
    resources = [
      for folder in ["analytics-ready/", "tables/"] : "${local.bucket_arn}/${folder}*"
    ]
  }

  # Athena reads and writes results with the rights of its caller.
  statement {
    sid       = "Results"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${local.bucket_arn}/${var.results_folder}*"]
  }

  statement {
    sid       = "Bucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [local.bucket_arn]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.place.region}.${var.place.dns_suffix}"]
    }
  }

  statement {
    sid = "Query"
    actions = [
      "athena:BatchGetQueryExecution",
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetQueryResultsStream",
      "athena:GetWorkGroup",
      "athena:ListQueryExecutions",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = ["${local.athena_arn}:workgroup/${aws_athena_workgroup.lake.name}"]
  }

  statement {
    sid     = "Tables"
    actions = ["glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = [
      "${local.glue_arn}:catalog",
      "${local.glue_arn}:database/${local.database}",
      "${local.glue_arn}:table/${local.database}/*",
    ]
  }

  # Athena looks at the default database for every query, and makes it if the account has none. Source: Amazon Athena User
  # Guide, "Configure access to databases and tables in the AWS Glue Data Catalog".
  statement {
    sid       = "DefaultDatabase"
    actions   = ["glue:CreateDatabase", "glue:GetDatabase"]
    resources = ["${local.glue_arn}:catalog", "${local.glue_arn}:database/default"]
  }
}

resource "aws_iam_role" "analyst" {
  name                 = var.analyst_name
  description          = "Analysts of ${var.id}: queries over its own lake"
  assume_role_policy   = data.aws_iam_policy_document.analyst_assume.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "analyst" {
  name   = "read-own-lake"
  role   = aws_iam_role.analyst.id
  policy = data.aws_iam_policy_document.analyst.json
}
