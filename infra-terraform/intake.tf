# Intake: who may put files into the landing bucket, the topic for machines, and the rotation of its secret. The buckets,
# the key and the secret are in kept/.

locals {
  intake_count = var.intake == null ? 0 : 1

  intake_kept = var.intake == null ? null : {
    uploader_arns           = ["arn:${local.partition}:iam::${local.account_id}:role/${local.uploader_prefix}*"]
    keep_days               = var.intake.keep_days
    noncurrent_version_days = var.intake.noncurrent_version_days
  }

  intake_parameters = var.intake == null ? {} : {
    "landing-bucket" = module.kept.intake.landing_bucket.name
  }

  # Not the stage's prefix, by which the extracts' bucket admits writers.
  uploader_prefix = "upload-${local.regional_name}-"
  uploaders       = var.intake == null ? {} : var.intake.uploaders
}

resource "aws_sns_topic" "intake" {
  count = local.intake_count

  name              = "${local.name}-intake"
  kms_master_key_id = module.kept.intake.key_arn
  tags              = var.tags
}

# A role for each bank, which the bank's own principals assume. A bucket policy could name these principals, but it has room for
# some 25 banks, and S3 rejects all of it if a principal of one bank doesn't exist.
data "aws_iam_policy_document" "uploader_assume" {
  for_each = local.uploaders

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = each.value
    }
  }
}

# A bank may write to its own folder and nothing else: it can't read, list or delete, not even its own files. The bank's name is
# the role's tag, as in sftp.tf.
data "aws_iam_policy_document" "uploader" {
  count = local.intake_count

  statement {
    sid       = "Upload"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${module.kept.intake.landing_bucket.arn}/landing/$${aws:PrincipalTag/bank}/*"]
  }

  # S3 asks for both when it assembles the parts of an upload.
  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [module.kept.intake.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${local.dns_suffix}"]
    }
  }
}

resource "aws_iam_role" "uploader" {
  for_each = local.uploaders

  # At most 64 characters: the hash alone distinguishes banks.
  name                 = "${local.uploader_prefix}${substr(sha256(each.key), 0, 12)}"
  description          = "Uploads of one bank to its own folder"
  assume_role_policy   = data.aws_iam_policy_document.uploader_assume[each.key].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = merge(var.tags, { bank = each.key })
}

resource "aws_iam_role_policy" "uploader" {
  for_each = local.uploaders

  name   = "upload-own-files"
  role   = aws_iam_role.uploader[each.key].id
  policy = data.aws_iam_policy_document.uploader[0].json
}
