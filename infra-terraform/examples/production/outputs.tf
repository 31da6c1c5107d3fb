output "database_secret_arn" {
  description = "ARN of the secret whose value you set."
  value       = module.bank_batch.database_secret_arn
}

output "extracts_bucket_name" {
  description = "Name of the bucket for the published files."
  value       = module.bank_batch.extracts_bucket_name
}

output "intake_secret_arn" {
  description = "ARN of intake's secret, whose value you set, or null."
  value       = module.bank_batch.intake_secret_arn
}

output "uploader_role_arns" {
  description = "ARNs of the roles with which banks upload, by the bank's name."
  value       = module.bank_batch.uploader_role_arns
}

output "analyst_role_arns" {
  description = "ARNs of the roles of analysts, by the tenant's id."
  value       = module.bank_batch.analyst_role_arns
}

output "raw_role_arns" {
  description = "ARNs of the roles with which tenants upload their own files, by the tenant's id."
  value       = module.bank_batch.raw_role_arns
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
  description = "ARN for the variable PLAN_ROLE_ARN of GitHub's environment <stage>-plan, or null."
  value       = one(module.github[*].plan_role_arn)
}
