output "target" {
  description = "For the parent module's variable replication."
  value = {
    bucket_arn = aws_s3_bucket.replica.arn
    key_arn    = aws_kms_key.replica.arn
    region     = data.aws_region.current.name
  }

  # S3 replicates only to a bucket that keeps versions, and from a bucket with Object Lock only to one that has it as well.
  depends_on = [aws_s3_bucket_versioning.replica, aws_s3_bucket_object_lock_configuration.replica]
}
