# For the operator's next steps. The functions get their settings from SSM (parameters.tf).

output "database_secret" {
  description = "ARN of the secret whose value the operator sets."
  value       = module.kept.secret_arn
}

output "extracts_bucket" {
  description = "Name of the bucket for the published files."
  value       = module.kept.extracts_bucket.name
}

output "announce_topic_arn" {
  description = "ARN of the topic that announces published months. Consumers subscribe to it."
  value       = aws_sns_topic.announce.arn
}

output "athena_workgroup" {
  description = "Name of the Athena workgroup for queries over the extracts."
  value       = aws_athena_workgroup.extracts.name
}

output "glue_job" {
  description = "Name of the Glue job that makes the same files as the Lambda."
  value       = aws_glue_job.extract.name
}

output "sftp_host" {
  description = "Host name of the SFTP server, or null if there is no server."
  value       = one(aws_transfer_server.sftp[*].endpoint)
}
