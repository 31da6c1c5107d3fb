# Inputs of the module.

variable "stage" {
  description = "Stage of serverless.yml."
  type        = string
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}

variable "noncurrent_version_days" {
  description = "Number of days for which replaced files stay readable, as in the parent module."
  type        = number
  default     = 3650
}

variable "object_lock" {
  description = "Mode and days of the retention, or null. S3 replicates from a bucket with Object Lock only to another one."
  type = object({
    mode = string
    days = number
  })
  default = null
}
