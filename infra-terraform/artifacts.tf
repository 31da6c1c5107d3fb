# The bucket for what Glue and Athena need and nobody has to keep: the job's script and query results.

locals {
  artifacts_count = var.create_glue_job || var.create_athena ? 1 : 0
}

resource "aws_s3_bucket" "artifacts" {
  count = local.artifacts_count

  bucket = "${local.regional_name}-artifacts-${local.account_id}"
  # Everything in it can be recreated.
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_versioning" "artifacts" {
  count = local.artifacts_count

  bucket = aws_s3_bucket.artifacts[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  count = local.artifacts_count

  bucket = aws_s3_bucket.artifacts[0].id

  rule {
    bucket_key_enabled = true

    # Query results are as confidential as the files that they are computed from.
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = module.kept.key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "artifacts" {
  count = local.artifacts_count

  bucket = aws_s3_bucket.artifacts[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  count = local.artifacts_count

  bucket = aws_s3_bucket.artifacts[0].id

  rule {
    id     = "expire-query-results"
    status = "Enabled"

    filter {
      prefix = local.athena_prefix
    }

    expiration {
      days = 30
    }
  }

  rule {
    id     = "expire-replaced-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.artifacts]
}

data "aws_iam_policy_document" "artifacts" {
  count = local.artifacts_count

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.artifacts[0].arn, "${aws_s3_bucket.artifacts[0].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "artifacts" {
  count = local.artifacts_count

  bucket = aws_s3_bucket.artifacts[0].id
  policy = data.aws_iam_policy_document.artifacts[0].json

  depends_on = [aws_s3_bucket_public_access_block.artifacts]
}
