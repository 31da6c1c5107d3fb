output "workgroup" {
  description = "Name of the Athena workgroup."
  value       = aws_athena_workgroup.lake.name
}

output "database" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.lake.name
}

output "tables" {
  description = "Names of the tables."
  value       = [for table in aws_glue_catalog_table.lake : table.name]
}

output "analyst_role_arn" {
  description = "ARN of the analysts' role."
  value       = aws_iam_role.analyst.arn
}

output "raw_role_arn" {
  description = "ARN of the role with which the tenant uploads its own files, or null."
  value       = one(aws_iam_role.raw[*].arn)
}
