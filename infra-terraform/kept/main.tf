# Shared by all files of the module.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id  = data.aws_caller_identity.current.account_id
  partition   = data.aws_partition.current.partition
  region      = data.aws_region.current.name
  account_arn = "arn:${local.partition}:iam::${local.account_id}:root"
  dns_suffix  = data.aws_partition.current.dns_suffix
}
