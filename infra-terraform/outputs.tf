# What a person needs to go on. The functions read their names from SSM (parameters.tf).

output "database_secret" {
  description = "Name of the secret whose value is to be put."
  value       = module.kept.secret_arn
}

output "extracts_bucket" {
  description = "Bucket of the published files."
  value       = module.kept.extracts_bucket.name
}

output "announce_topic_arn" {
  description = "Topic to which a consumer subscribes to learn of a published month."
  value       = aws_sns_topic.announce.arn
}

output "athena_workgroup" {
  description = "Workgroup for queries over the extracts."
  value       = aws_athena_workgroup.extracts.name
}

output "glue_job" {
  description = "Name of the Glue job that makes the same files."
  value       = aws_glue_job.extract.name
}

output "sftp_host" {
  description = "Host of the SFTP server; null if there is none."
  value       = one(aws_transfer_server.sftp[*].endpoint)
}
