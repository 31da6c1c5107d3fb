# A bucket for files that nobody may lose: versioned, encrypted with one key, private, with few writers, and protected
# against destroy. It sends an event for every object to EventBridge.

resource "aws_s3_bucket" "this" {
  bucket = var.name
  tags   = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

# Manifests, reports and lineage name objects by version id, so the bucket needs versioning.
resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

# Nobody can delete or replace a version before its retention ends; in the mode COMPLIANCE not even the account's root.
# The lifecycle below waits for it. A version that is replaced stays readable, so a restatement works as always.
resource "aws_s3_bucket_object_lock_configuration" "this" {
  count = var.object_lock == null ? 0 : 1

  bucket = aws_s3_bucket.this.id

  rule {
    default_retention {
      mode = var.object_lock.mode
      days = var.object_lock.days
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  # A run aborts the uploads that a dead run left open. This rule covers those that no later run sees.
  rule {
    id     = "abort-uploads-left-open"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Never the newest version.
  rule {
    id     = "expire-replaced-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_days
    }
  }

  dynamic "rule" {
    for_each = var.expiration_days

    content {
      id     = "expire-${trimsuffix(rule.key, "/")}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      expiration {
        days = rule.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_notification" "this" {
  bucket      = aws_s3_bucket.this.id
  eventbridge = true
}

locals {
  objects = "${aws_s3_bucket.this.arn}/*"
  folders = { for folder in keys(var.folder_writer_arns) : folder => "${aws_s3_bucket.this.arn}/${folder}*" }

  # Who may write where: those of a folder in their folder, the others everywhere else. IAM policies alone would let any
  # administrator of the account change a file by mistake.
  writers = merge(
    { WritersOnly = {
      resources     = length(local.folders) == 0 ? [local.objects] : null
      not_resources = length(local.folders) == 0 ? null : values(local.folders)
      arns          = var.writer_arns
    } },
    { for folder, objects in local.folders : "WritersOnlyIn${replace(title(folder), "/[^A-Za-z0-9]/", "")}" => {
      resources     = [objects]
      not_resources = null
      arns          = var.folder_writer_arns[folder]
    } },
  )
}

data "aws_iam_policy_document" "bucket" {
  source_policy_documents = var.policy_documents

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, local.objects]

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
    resources = [local.objects]

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
      values   = [var.key_arn]
    }
  }

  statement {
    sid       = "NoCustomerProvidedKeys"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = [local.objects]

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

  dynamic "statement" {
    for_each = local.writers

    content {
      sid           = statement.key
      effect        = "Deny"
      actions       = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
      resources     = statement.value.resources
      not_resources = statement.value.not_resources

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "ArnNotLike"
        variable = "aws:PrincipalArn"
        values   = statement.value.arns
      }
    }
  }

  # The lifecycle deletes versions, and in most buckets nothing else does.
  statement {
    sid       = "VersionsStay"
    effect    = "Deny"
    actions   = ["s3:DeleteObjectVersion"]
    resources = [local.objects]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    dynamic "condition" {
      for_each = length(var.remover_arns) > 0 ? ["ArnNotLike"] : []

      content {
        test     = condition.value
        variable = "aws:PrincipalArn"
        values   = var.remover_arns
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.bucket.json

  # Both change access to the bucket, and S3 rejects one while the other is being changed.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
