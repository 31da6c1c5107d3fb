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

output "sftp_host" {
  description = "Host name of the SFTP server, or null if there is no server."
  value       = module.bank_batch.sftp_host
}

output "deploy_role_arn" {
  description = "ARN for the variable DEPLOY_ROLE_ARN of GitHub's environment, or null."
  value       = one(module.github[*].deploy_role_arn)
}

output "plan_role_arn" {
  description = "ARN for the variable PLAN_ROLE_ARN of GitHub's environment, or null."
  value       = one(module.github[*].plan_role_arn)
}
