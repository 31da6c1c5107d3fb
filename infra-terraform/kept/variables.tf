# Inputs of the module.

variable "name" {
  description = "Name prefix of the key, the secret and the log groups."
  type        = string
}

variable "regional_name" {
  description = "Name prefix of what is unique in an account or in the world: roles and buckets."
  type        = string
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}

variable "folders" {
  description = "Folders of the extracts in the bucket, each empty or ending with a slash."
  type        = set(string)
}

variable "noncurrent_version_days" {
  description = "Number of days for which a version of a file stays readable after another version has replaced it."
  type        = number
}

variable "readers" {
  description = "Principals outside the program that may read files; see reader_principals of the parent."
  type = map(object({
    principals = set(string)
    banks      = optional(set(string))
    manifests  = optional(bool)
  }))
  default = {}
}

variable "writer_arns" {
  description = "ARN patterns of the principals that may write files. All others are denied."
  type        = list(string)
}

variable "object_lock" {
  description = "Mode and days of the bucket's default retention, or null."
  type = object({
    mode = string
    days = number
  })
  default = null
}

variable "replication" {
  description = "Bucket, key and region that files are replicated to, or null."
  type = object({
    bucket_arn = string
    key_arn    = string
    region     = string
  })
  default = null
}

variable "log_access" {
  description = "Whether S3 logs every request to the bucket."
  type        = bool
  default     = false
}

variable "log_data_events" {
  description = "Whether CloudTrail records every write of a file."
  type        = bool
  default     = false
}

variable "log_days" {
  description = "Number of days for which these logs are kept."
  type        = number
  default     = 400
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles, or null."
  type        = string
  default     = null
}

variable "stage" {
  description = "Stage of the serverless files."
  type        = string
}

variable "intake" {
  description = "What intake keeps, or null without intake: who writes in the landing bucket, and for how many days files stay."
  type = object({
    uploader_arns           = list(string)
    keep_days               = map(number)
    noncurrent_version_days = number
  })
  default = null
}

variable "tenants" {
  description = "The tenants of the lake, by id: the role of the tenant's analysts with the folder of their query results, and who writes the tenant's own files into which folder."
  type = map(object({
    analyst_arn    = string
    results_folder = string
    raw_arns       = list(string)
    raw_folder     = string
  }))
  default = {}
}

variable "operator_arns" {
  description = "ARN patterns of people's roles that may write besides the functions."
  type        = list(string)
  default     = []
}
