# Used by the rest of the configuration.

output "extracts_bucket" {
  description = "Name and ARN of the bucket for the published files."
  value = {
    name = module.extracts.name
    arn  = module.extracts.arn
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

output "intake" {
  description = "Buckets, key and secret of intake, or null."
  value = one([
    for landing in module.landing : {
      landing_bucket = { name = landing.name, arn = landing.arn }
      intake_bucket  = { name = module.intake[0].name, arn = module.intake[0].arn }
      key_arn        = module.intake_key[0].arn
      secret_arn     = aws_secretsmanager_secret.intake[0].arn
    }
  ])
}

output "tenants" {
  description = "Bucket and key of each tenant, by the tenant's id."
  value       = module.tenant
}
