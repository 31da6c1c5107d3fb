# The bucket for the published files.

resource "aws_s3_bucket" "extracts" {
  # Bucket names are global, so the account id and the region make this one unique.
  bucket = "${var.regional_name}-extracts-${local.account_id}"
  tags   = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

# A manifest names its files by version id, so the bucket needs versioning.
resource "aws_s3_bucket_versioning" "extracts" {
  bucket = aws_s3_bucket.extracts.id

  versioning_configuration {
    status = "Enabled"
  }
}

# Nobody can delete or replace a version before its retention ends; in the mode COMPLIANCE not even the account's root.
# The lifecycle below waits for it. A version that is replaced stays readable, so a restatement works as always.
resource "aws_s3_bucket_object_lock_configuration" "extracts" {
  count = var.object_lock == null ? 0 : 1

  bucket = aws_s3_bucket.extracts.id

  rule {
    default_retention {
      mode = var.object_lock.mode
      days = var.object_lock.days
    }
  }

  depends_on = [aws_s3_bucket_versioning.extracts]
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

  # A run aborts the uploads that a dead run of its month left open. This rule covers months that are not run again.
  rule {
    id     = "abort-uploads-left-open"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Never the newest version: what is published now stays. Replaced files of restated months expire.
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

# Sends an event for every object to EventBridge: the function `announce` needs those of the manifests.
resource "aws_s3_bucket_notification" "extracts" {
  bucket      = aws_s3_bucket.extracts.id
  eventbridge = true
}

data "aws_iam_policy_document" "extracts" {
  source_policy_documents = [data.aws_iam_policy_document.readers.json]

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

  # A request without encryption headers gets the bucket's default, which is this key. A request with encryption headers
  # has to name this key, because aws:kms without a key means the AWS managed key.
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

    # Also true if the request names no key.
    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [aws_kms_key.extracts.arn]
    }
  }

  statement {
    sid       = "NoCustomerProvidedKeys"
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

  # IAM policies alone would let any administrator of the account change a published file by mistake.
  statement {
    sid       = "WritersOnly"
    effect    = "Deny"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.extracts.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = var.writer_arns
    }
  }

  # Only the lifecycle deletes versions. The program deletes none: a withdrawn file leaves its key by a delete marker.
  statement {
    sid       = "VersionsStay"
    effect    = "Deny"
    actions   = ["s3:DeleteObjectVersion"]
    resources = ["${aws_s3_bucket.extracts.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

resource "aws_s3_bucket_policy" "extracts" {
  bucket = aws_s3_bucket.extracts.id
  policy = data.aws_iam_policy_document.extracts.json

  # Both change access to the bucket, and S3 rejects one while the other is being changed.
  depends_on = [aws_s3_bucket_public_access_block.extracts]
}
