# The bucket of the published files.

data "aws_caller_identity" "current" {}

resource "aws_s3_bucket" "extracts" {
  # Names of buckets are the world's; the account makes this one ours.
  bucket = "${var.name}-extracts-${data.aws_caller_identity.current.account_id}"

  lifecycle {
    prevent_destroy = true
  }
}

# A manifest names its files by their versions, so there have to be versions.
resource "aws_s3_bucket_versioning" "extracts" {
  bucket = aws_s3_bucket.extracts.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "extracts" {
  bucket = aws_s3_bucket.extracts.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.extracts.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "extracts" {
  bucket = aws_s3_bucket.extracts.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "extracts" {
  bucket = aws_s3_bucket.extracts.id

  # A run aborts what a dead one left open; this is for a month that nobody runs again.
  rule {
    id     = "abort-uploads-left-open"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Never the newest version: what is published stays. A restated month's old files go some day.
  rule {
    id     = "expire-replaced-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.extracts]
}

# Tells EventBridge of every object, for who rather listens there than to the topic.
resource "aws_s3_bucket_notification" "extracts" {
  bucket      = aws_s3_bucket.extracts.id
  eventbridge = true
}

data "aws_iam_policy_document" "extracts" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.extracts.arn, "${aws_s3_bucket.extracts.arn}/*"]

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

  # A request that asks for no encryption gets the bucket's default, which is this key. One that asks for any has to name
  # this key: aws:kms alone would mean AWS's own.
  statement {
    sid       = "NoOtherEncryption"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.extracts.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["false"]
    }

    # True as well where no key is named.
    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [aws_kms_key.extracts.arn]
    }
  }

  statement {
    sid       = "NoKeysOfCustomers"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.extracts.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-customer-algorithm"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "extracts" {
  bucket = aws_s3_bucket.extracts.id
  policy = data.aws_iam_policy_document.extracts.json

  # Both change who may get at the bucket, and S3 refuses one while the other is being changed.
  depends_on = [aws_s3_bucket_public_access_block.extracts]
}
