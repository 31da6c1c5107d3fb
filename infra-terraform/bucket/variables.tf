# Inputs of the module.

variable "name" {
  description = "Name of the bucket."
  type        = string
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts everything in the bucket."
  type        = string
}

variable "writer_arns" {
  description = "ARN patterns of the principals that may write. All others are denied."
  type        = list(string)
}

variable "folder_writer_arns" {
  description = "Folders with other writers than the rest of the bucket: ARN patterns by folder, which ends with a slash."
  type        = map(list(string))
  default     = {}
}

variable "remover_arns" {
  description = "ARN patterns of the principals that may delete versions. All others are denied."
  type        = list(string)
  default     = []
}

variable "policy_documents" {
  description = "Statements of the bucket policy besides those of the module, as JSON documents."
  type        = list(string)
  default     = []
}

variable "noncurrent_version_days" {
  description = "Number of days for which a version stays readable after another version or a delete marker has replaced it."
  type        = number
}

variable "expiration_days" {
  description = "Number of days after which the objects of a folder expire, by folder, which ends with a slash."
  type        = map(number)
  default     = {}
}

variable "object_lock" {
  description = "Mode and days of the default retention, or null."
  type = object({
    mode = string
    days = number
  })
  default = null
}
