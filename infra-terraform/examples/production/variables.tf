# Set in <stage>.tfvars. The module checks the values.

variable "region" {
  description = "AWS region of all resources. Deploy serverless.yml to the same one (--region)."
  type        = string
  default     = "eu-west-1"
}

variable "account_id" {
  description = "The account of the stage."
  type        = string
}

variable "stage" {
  description = "Stage of serverless.yml."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the database."
  type        = string
}

variable "private_subnet_ids" {
  description = "Private subnets of the VPC, one for each availability zone."
  type        = list(string)
}

variable "private_route_table_ids" {
  description = "Route tables of these subnets."
  type        = list(string)
}

variable "database_host" {
  description = "Host name of the database's cluster or instance endpoint."
  type        = string
}

variable "database_name" {
  description = "Name of the database."
  type        = string
}

variable "database_security_group_id" {
  description = "Security group of the database."
  type        = string
}

variable "notify_emails" {
  description = "Recipients of the e-mails about failed runs and alarms."
  type        = set(string)
}

variable "replica_region" {
  description = "AWS region of the copies."
  type        = string
  default     = "eu-central-1"
}

variable "tags" {
  description = "Tags of all resources, besides the provider's default tags."
  type        = map(string)
  default     = {}
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary that all roles get, or null."
  type        = string
  default     = null
}

variable "object_lock" {
  description = "Retention of every version of a file, or null."
  type = object({
    mode = string
    days = number
  })
  default = null
}

variable "database_ca_file" {
  description = "Path of AWS's bundle of the certificate authorities of RDS, for the Glue job (../../glue/README.md)."
  type        = string
}

variable "reader_principals" {
  description = "Who may read files."
  type = map(object({
    principals = set(string)
    banks      = optional(set(string))
    manifests  = optional(bool)
  }))
  default = {}
}

variable "subscriber_principals" {
  description = "Who may subscribe to the topic announce."
  type        = set(string)
  default     = []
}

variable "writer_principals" {
  description = "Roles or users that may write files from a terminal."
  type        = set(string)
  default     = []
}

variable "sftp" {
  description = "The SFTP server for banks, or null."
  type = object({
    public_keys       = map(set(string))
    allowed_cidrs     = set(string)
    public_subnet_ids = optional(list(string), [])
    manifests         = optional(bool, false)
  })
  default = null
}

variable "github" {
  description = <<-EOT
    The repository <owner>/<name> whose workflows deploy the stage, and the bucket of Terraform's state; or null.
    create_provider is false if the account has GitHub's identity provider already: there can be only one.
  EOT
  type = object({
    repository      = string
    state_bucket    = string
    create_provider = optional(bool, true)
  })
  default = null
}

variable "intake" {
  description = "Intake of banks' files, or null without it: see the module's variable."
  type = object({
    uploaders = optional(map(set(string)), {})
    keep_days = optional(object({
      raw     = optional(number, 400)
      stage   = optional(number, 400)
      archive = optional(number, 3650)
      error   = optional(number, 400)
    }), {})
    noncurrent_version_days = optional(number, 30)
    rotation_days           = optional(number)
  })
  default = null
}

variable "analyst_principals" {
  description = "Who may assume the role of a tenant's analysts, by the tenant's id."
  type        = map(set(string))
  default     = {}
}

variable "raw_principals" {
  description = "Who may assume the role with which a tenant uploads its own files, by the tenant's id."
  type        = map(set(string))
  default     = {}
}
