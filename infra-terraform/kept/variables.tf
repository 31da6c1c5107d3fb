# What the module is told.

variable "name" {
  description = "What the bucket, the key and the secret are named after."
  type        = string
}

variable "noncurrent_version_days" {
  description = "How long a version of a file stays readable after another has taken its place."
  type        = number
}
