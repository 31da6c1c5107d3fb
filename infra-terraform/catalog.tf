# The extracts as tables of Athena, which finds a new month by itself: the place of its files is computed from the query.

locals {
  # The files' columns, as they stand in src/extract/definitions/. A test holds them together.
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
  name        = replace(local.name, "-", "_")
  description = "The published extracts, and the tables that they are made from (source_…)"
}

resource "aws_glue_catalog_table" "extract" {
  for_each = local.extracts

  database_name = aws_glue_catalog_database.extracts.name
  name          = each.key
  description   = "Newest version of each file. That a month is published and whole is said by its manifest alone."
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                 = "TRUE"
    classification           = "csv"
    "skip.header.line.count" = "1"

    # The layout is plain, not Hive's, so nothing could discover these folders; they are computed instead. The folder of
    # the manifests is no bank's, so no query gets into it.
    "projection.enabled" = "true"
    # Not a list of banks: one that is missing from a list would be missing from every sum, and nobody would notice.
    # A query that names no bank is refused.
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
    comment = "Name of the bank as it stands in the files' keys, FirstNational for example"
  }

  partition_keys {
    name    = "year_month"
    type    = "string"
    comment = "Month of the data as yyyy/MM, 2026/09 for example"
  }

  storage_descriptor {
    location      = "s3://${module.kept.extracts_bucket.name}/${each.value.folder}"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    # Reads quotes as RFC 4180 has them, but for two things that addresses may have in them: a line break in quotes ends
    # the row all the same, and a backslash is lost. Who needs those reads the file.
    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
      parameters            = { separatorChar = ",", quoteChar = "\"", escapeChar = "\\" }
    }

    dynamic "columns" {
      for_each = each.value.columns

      # All text: this format takes an empty field for no number at all. Queries cast, see the one below.
      content {
        name = columns.value
        type = "string"
      }
    }
  }
}

resource "aws_athena_workgroup" "extracts" {
  name          = local.name
  description   = "Queries over the extracts"
  force_destroy = true

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = false
    # A query over every month of every bank stays far below; one that doesn't was not meant.
    bytes_scanned_cutoff_per_query = 100 * 1024 * 1024 * 1024

    result_configuration {
      output_location = "s3://${aws_s3_bucket.artifacts.bucket}/${local.athena_prefix}"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = module.kept.key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "averages" {
  name        = "${local.name}-averages"
  description = "One bank's moving averages of a year, as numbers"
  workgroup   = aws_athena_workgroup.extracts.name
  database    = aws_glue_catalog_database.extracts.name

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
