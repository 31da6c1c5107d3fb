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
