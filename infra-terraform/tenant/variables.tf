# Inputs of the module.

variable "id" {
  description = "The tenant's id."
  type        = string
}

variable "stage" {
  description = "Stage of the serverless files."
  type        = string
}

variable "place" {
  description = "Where everything is: the data sources of the caller, which are the same for all tenants."
  type = object({
    account_id = string
    partition  = string
    region     = string
    dns_suffix = string
  })
}

variable "bucket" {
  description = "Name of the tenant's bucket."
  type        = string
}

variable "key_arn" {
  description = "ARN of the bucket's key."
  type        = string
}

variable "results_folder" {
  description = "Folder of query results in the bucket, which ends with a slash."
  type        = string
}

variable "datasets" {
  description = "The tenant's datasets: the columns of each, in order."
  type        = map(list(object({ name = string, type = string })))
}

variable "analyst_name" {
  description = "Name of the analysts' role."
  type        = string
}

variable "analyst_principals" {
  description = "Who may assume this role: ARNs of roles or users, or account ids."
  type        = set(string)
}

variable "raw_folder" {
  description = "Folder of the tenant's own files in the bucket, which ends with a slash."
  type        = string
}

variable "raw_name" {
  description = "Name of the role with which the tenant uploads its own files."
  type        = string
}

variable "raw_principals" {
  description = "Who may assume that role: ARNs of roles or users, or account ids. Without any, there is no such role."
  type        = set(string)
  default     = []
}

variable "scan_limit_gib" {
  description = "Number of GiB that one query may read."
  type        = number
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles, or null."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
