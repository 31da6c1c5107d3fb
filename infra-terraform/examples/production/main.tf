# A stage with schedules, and with every option on: take out what you don't need.

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

locals {
  default_tags = {
    service   = "bank-batch"
    stage     = var.stage
    managedBy = "terraform"
  }
}

provider "aws" {
  region = var.region
  # Refuses to touch another account, whatever the shell is logged in to.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = local.default_tags
  }
}

# A second region, for the copies of the files.
provider "aws" {
  alias               = "replica"
  region              = var.replica_region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = local.default_tags
  }
}

module "replica" {
  source    = "../../replica"
  providers = { aws = aws.replica }

  stage       = var.stage
  object_lock = var.object_lock
}

module "bank_batch" {
  source = "../.."

  stage                    = var.stage
  tags                     = var.tags
  permissions_boundary_arn = var.permissions_boundary_arn

  # The network and the database
  vpc_id                     = var.vpc_id
  private_subnet_ids         = var.private_subnet_ids
  private_route_table_ids    = var.private_route_table_ids
  vpc_endpoints              = ["s3", "secretsmanager", "glue", "logs", "monitoring"]
  database_host              = var.database_host
  database_name              = var.database_name
  database_security_group_id = var.database_security_group_id

  # People and machines
  notify_emails         = var.notify_emails
  expects_every_month   = true
  reader_principals     = var.reader_principals
  subscriber_principals = var.subscriber_principals
  writer_principals     = var.writer_principals
  sftp                  = var.sftp

  # The files that banks deliver, and the lake, whose tenants are in the list that the functions read
  intake             = var.intake
  tenants            = jsondecode(file("${path.module}/../../../tenants.json"))
  analyst_principals = var.analyst_principals
  raw_principals     = var.raw_principals

  # The files
  object_lock     = var.object_lock
  replication     = module.replica.target
  log_access      = true
  log_data_events = true

  # Once the secret has a value (../../README.md):
  # rotation_days = 30, and rotation_days = 30 in intake

  # The Glue job can't write to a bucket with Object Lock.
  create_glue_job  = var.object_lock == null
  create_crawler   = true
  database_ca_file = var.database_ca_file
}

# The roles that GitHub's workflows deploy.yml and plan.yml assume, without any stored key.
module "github" {
  source = "../../github"
  count  = var.github == null ? 0 : 1

  stage                    = var.stage
  repository               = var.github.repository
  state_bucket             = var.github.state_bucket
  create_provider          = var.github.create_provider
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}
