# Inputs of the module.

variable "stage" {
  description = "Stage of serverless.yml, and name of GitHub's environment for deployments."
  type        = string
}

variable "repository" {
  description = "The repository whose workflows may assume the roles: <owner>/<name>."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository: expected <owner>/<name>."
  }
}

variable "create_provider" {
  description = "Whether to create GitHub's identity provider. An account can have only one."
  type        = bool
  default     = true
}

variable "state_bucket" {
  description = "Name of the bucket with Terraform's state."
  type        = string
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
