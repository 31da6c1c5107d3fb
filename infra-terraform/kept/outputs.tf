# Used by the rest of the configuration.

output "extracts_bucket" {
  description = "Name and ARN of the bucket for the published files."
  value = {
    name = aws_s3_bucket.extracts.bucket
    arn  = aws_s3_bucket.extracts.arn
  }
}

output "key_arn" {
  description = "ARN of the key for the files, the secret and the topics."
  value       = aws_kms_key.extracts.arn
}

output "secret_arn" {
  description = "ARN of the database secret."
  value       = aws_secretsmanager_secret.database.arn
}
