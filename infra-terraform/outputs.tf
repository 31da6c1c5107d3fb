# For the operator's next steps, and for the configuration that calls this module. The functions get their settings from SSM
# (parameters.tf).

output "database_secret_arn" {
  description = "ARN of the secret whose value the operator sets."
  value       = module.kept.secret_arn
}

output "extracts_bucket_name" {
  description = "Name of the bucket for the published files."
  value       = module.kept.extracts_bucket.name
}

output "key_arn" {
  description = "ARN of the key for the files, the secret, the topics and the logs."
  value       = module.kept.key_arn
}

output "notify_topic_arn" {
  description = "ARN of the topic for people."
  value       = aws_sns_topic.notify.arn
}

output "announce_topic_arn" {
  description = "ARN of the topic that announces published months. Consumers subscribe to it."
  value       = aws_sns_topic.announce.arn
}

output "client_security_group_ids" {
  description = "Security groups that connect to the database, by name. For its owner, if create_database_rules is false."
  value       = local.client_ids
}

output "endpoints_security_group_id" {
  description = "Security group of the endpoints created here, or null."
  value       = one(aws_security_group.endpoints[*].id)
}

output "athena_workgroup_name" {
  description = "Name of the Athena workgroup for queries over the extracts, or null."
  value       = one(aws_athena_workgroup.extracts[*].name)
}

output "glue_job_name" {
  description = "Name of the Glue job that makes the same files as the Lambda, or null."
  value       = one(aws_glue_job.extract[*].name)
}

output "sftp_host" {
  description = "Host name of the SFTP server, or null if there is no server."
  value       = one(aws_transfer_server.sftp[*].endpoint)
}

output "intake_secret_arn" {
  description = "ARN of intake's secret, whose value the operator sets, or null."
  value       = try(module.kept.intake.secret_arn, null)
}

output "uploader_role_arns" {
  description = "ARNs of the roles with which banks upload files, by the bank's name."
  value       = { for bank, role in aws_iam_role.uploader : bank => role.arn }
}

output "raw_role_arns" {
  description = "ARNs of the roles with which tenants upload their own files, by the tenant's id."
  value       = { for id, tenant in module.tenant : id => tenant.raw_role_arn if contains(keys(var.raw_principals), id) }
}

output "analyst_role_arns" {
  description = "ARNs of the roles of the tenants' analysts, by the tenant's id."
  value       = { for id, tenant in module.tenant : id => tenant.analyst_role_arn }
}
