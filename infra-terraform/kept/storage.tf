# The bucket for the published files. The function `announce` needs the events of its manifests.

module "extracts" {
  source = "../bucket"

  # Bucket names are global, so the account id and the region make this one unique.
  name                    = "${var.regional_name}-extracts-${local.account_id}"
  tags                    = var.tags
  key_arn                 = aws_kms_key.extracts.arn
  writer_arns             = var.writer_arns
  policy_documents        = [data.aws_iam_policy_document.readers.json]
  noncurrent_version_days = var.noncurrent_version_days
  object_lock             = var.object_lock
}

# The bucket's resources have moved into the module.

moved {
  from = aws_s3_bucket.extracts
  to   = module.extracts.aws_s3_bucket.this
}

moved {
  from = aws_s3_bucket_versioning.extracts
  to   = module.extracts.aws_s3_bucket_versioning.this
}

moved {
  from = aws_s3_bucket_object_lock_configuration.extracts
  to   = module.extracts.aws_s3_bucket_object_lock_configuration.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.extracts
  to   = module.extracts.aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = aws_s3_bucket_public_access_block.extracts
  to   = module.extracts.aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_lifecycle_configuration.extracts
  to   = module.extracts.aws_s3_bucket_lifecycle_configuration.this
}

moved {
  from = aws_s3_bucket_notification.extracts
  to   = module.extracts.aws_s3_bucket_notification.this
}

moved {
  from = aws_s3_bucket_policy.extracts
  to   = module.extracts.aws_s3_bucket_policy.this
}
