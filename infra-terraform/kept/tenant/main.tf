# What is kept of one tenant of the lake: its bucket, and the key of this bucket.

variable "name" {
  description = "Name of the key's alias, and start of the bucket's name."
  type        = string
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}

variable "account_id" {
  description = "The account, the end of the bucket's name."
  type        = string
}

variable "account_arn" {
  description = "ARN of the account's root."
  type        = string
}

variable "writer_arns" {
  description = "ARN patterns of the principals that may write."
  type        = list(string)
}

variable "analyst_arn" {
  description = "ARN of the role of the tenant's analysts, with whose rights Athena writes results."
  type        = string
}

variable "results_folder" {
  description = "Folder of query results, which ends with a slash."
  type        = string
}

variable "raw_arns" {
  description = "ARN patterns of the principals that write the tenant's own files."
  type        = list(string)
}

variable "raw_folder" {
  description = "Folder of the tenant's own files, which ends with a slash."
  type        = string
}

variable "noncurrent_version_days" {
  description = "Number of days for which replaced and removed versions stay readable."
  type        = number
}

module "key" {
  source = "../../key"

  alias       = var.name
  description = "${var.name}: everything in the tenant's bucket"
  account_arn = var.account_arn
  tags        = var.tags
}

module "bucket" {
  source = "../../bucket"

  name                    = "${var.name}-${var.account_id}"
  tags                    = var.tags
  key_arn                 = module.key.arn
  writer_arns             = var.writer_arns
  folder_writer_arns      = { (var.results_folder) = [var.analyst_arn], (var.raw_folder) = var.raw_arns }
  noncurrent_version_days = var.noncurrent_version_days
  expiration_days         = { (var.results_folder) = 30 }
}

output "bucket" {
  description = "Name of the bucket."
  value       = module.bucket.name
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = module.bucket.arn
}

output "key_arn" {
  description = "ARN of the key."
  value       = module.key.arn
}
