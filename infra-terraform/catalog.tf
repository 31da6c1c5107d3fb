# The extracts as Athena tables. Athena computes file locations from the query, so it finds new months by itself.

locals {
  # The columns of the files. A test compares them with src/extract/definitions/.
  extracts = {
    loan_moving_average = {
      folder = ""
      columns = [
        "bank_id",
        "bank_name",
        "branch_id",
        "branch_address",
        "month",
        "loan_count",
        "loan_total",
        "loan_average",
        "loan_count_3m",
        "moving_average_3m",
        "monthly_total_average_3m",
      ]
    }
    loan_detail = {
      folder = "loan_detail/"
      columns = [
        "bank_id",
        "bank_name",
        "branch_id",
        "branch_address",
        "client_id",
        "account_id",
        "loan_id",
        "loan_date",
        "amount",
      ]
    }
  }

  athena_prefix = "athena/"
}

resource "aws_glue_catalog_database" "extracts" {
  count = var.create_athena || var.create_crawler ? 1 : 0

  name        = replace(local.name, "-", "_")
  description = "The published extracts, and the source tables that they are computed from (source_...)"
  tags        = var.tags
}

resource "aws_glue_catalog_table" "extract" {
  for_each = { for name, extract in local.extracts : name => extract if var.create_athena }

  database_name = aws_glue_catalog_database.extracts[0].name
  name          = each.key
  description   = "Newest version of each file. Only the manifest shows that a month is published in full."
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                 = "TRUE"
    classification           = "csv"
    "skip.header.line.count" = "1"

    # Folders in the plain layout can't be discovered as Hive partitions, so Athena computes them. The manifests' folder
    # does not match any bank, so no query reads it.
    "projection.enabled" = "true"
    # Not an enum of banks: a bank missing from the enum would be missing from every sum, and nobody would notice.
    # Athena rejects a query that names no bank.
    "projection.bank.type"                = "injected"
    "projection.year_month.type"          = "date"
    "projection.year_month.format"        = "yyyy/MM"
    "projection.year_month.range"         = "2000/01,NOW"
    "projection.year_month.interval"      = "1"
    "projection.year_month.interval.unit" = "MONTHS"
    "storage.location.template"           = "s3://${module.kept.extracts_bucket.name}/${each.value.folder}$${bank}/$${year_month}/"
  }

  partition_keys {
    name    = "bank"
    type    = "string"
    comment = "Name of the bank as written in the keys of its files, for example FirstNational"
  }

  partition_keys {
    name    = "year_month"
    type    = "string"
    comment = "Month of the data as yyyy/MM, for example 2026/09"
  }

  storage_descriptor {
    location      = "s3://${module.kept.extracts_bucket.name}/${each.value.folder}"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    # Reads quoted fields as RFC 4180 defines them, with two exceptions that can occur in addresses: a line break inside
    # quotes ends the row, and backslashes are lost. Consumers that need the exact text read the files.
    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
      parameters            = { separatorChar = ",", quoteChar = "\"", escapeChar = "\\" }
    }

    dynamic "columns" {
      for_each = each.value.columns

      # All columns are strings: this format can't read an empty field as a number. Queries cast, like the one below.
      content {
        name = columns.value
        type = "string"
      }
    }
  }
}

resource "aws_athena_workgroup" "extracts" {
  count = var.create_athena ? 1 : 0

  name          = local.name
  description   = "Queries over the extracts"
  force_destroy = true
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = false
    # Far above what a query over all months of all banks reads, so only a mistake reaches it.
    bytes_scanned_cutoff_per_query = 100 * 1024 * 1024 * 1024

    result_configuration {
      output_location = "s3://${aws_s3_bucket.artifacts[0].bucket}/${local.athena_prefix}"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = module.kept.key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "averages" {
  count = var.create_athena ? 1 : 0

  name        = "${local.name}-averages"
  description = "Moving averages of one bank for a year, as numbers"
  workgroup   = aws_athena_workgroup.extracts[0].name
  database    = aws_glue_catalog_database.extracts[0].name

  query = <<-SQL
    select
        cast(branch_id as integer) as branch_id,
        month,
        cast(loan_count as bigint) as loan_count,
        cast(nullif(moving_average_3m, '') as decimal(38, 2)) as moving_average_3m
    from loan_moving_average
    where bank = 'FirstNational' and year_month between '2026/01' and '2026/12'
    order by month, branch_id
  SQL
}
