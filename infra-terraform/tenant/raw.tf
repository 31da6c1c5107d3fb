# The role with which a tenant uploads its own files, if somebody may assume it. It may write to raw/ and do nothing else: not
# read, list or delete, not even its own files.

locals {
  raw_count = length(var.raw_principals) > 0 ? 1 : 0
}

data "aws_iam_policy_document" "raw_assume" {
  count = local.raw_count

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.raw_principals
    }
  }
}

data "aws_iam_policy_document" "raw" {
  count = local.raw_count

  statement {
    sid       = "Upload"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${local.bucket_arn}/${var.raw_folder}*"]
  }

  # S3 asks for both when it assembles the parts of an upload.
  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.place.region}.${var.place.dns_suffix}"]
    }
  }
}

resource "aws_iam_role" "raw" {
  count = local.raw_count

  name                 = var.raw_name
  description          = "Uploads of ${var.id} to its own lake"
  assume_role_policy   = data.aws_iam_policy_document.raw_assume[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "raw" {
  count = local.raw_count

  name   = "upload-own-files"
  role   = aws_iam_role.raw[0].id
  policy = data.aws_iam_policy_document.raw[0].json
}
