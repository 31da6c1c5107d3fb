output "database_secret_arn" {
  description = "ARN of the secret whose value you set."
  value       = module.bank_batch.database_secret_arn
}

output "extracts_bucket_name" {
  description = "Name of the bucket for the published files."
  value       = module.bank_batch.extracts_bucket_name
}

output "announce_topic_arn" {
  description = "ARN of the topic that announces published months."
  value       = module.bank_batch.announce_topic_arn
}
