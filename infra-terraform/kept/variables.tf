# Inputs of the module.

variable "name" {
  description = "Name prefix of the bucket, the key and the secret."
  type        = string
}

variable "noncurrent_version_days" {
  description = "Number of days for which a version of a file stays readable after another version has replaced it."
  type        = number
}
