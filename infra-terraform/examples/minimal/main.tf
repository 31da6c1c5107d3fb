# The least that the extract needs: bucket, key, secret, topics, network, alarms, and Athena's tables, which cost nothing.

terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }

  # `terraform init` gets the state's bucket as an argument: see ../../README.md, "Set up a stage".
  backend "s3" {}
}

provider "aws" {
  region = var.region
  # Refuses to touch another account, whatever the shell is logged in to.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      service   = "bank-batch"
      stage     = var.stage
      managedBy = "terraform"
    }
  }
}

module "bank_batch" {
  source = "../.."

  stage = var.stage

  vpc_id                     = var.vpc_id
  private_subnet_ids         = var.private_subnet_ids
  private_route_table_ids    = var.private_route_table_ids
  database_host              = var.database_host
  database_name              = var.database_name
  database_security_group_id = var.database_security_group_id

  notify_emails           = var.notify_emails
  noncurrent_version_days = 90
  log_retention_days      = 30

  # The stage has no schedules (serverless.yml), so a missing month is no alarm.
  expects_every_month = false
}
