# Which Terraform and which provider this is written for, and where its state goes.

terraform {
  # 1.10 is the first whose S3 backend locks the state by itself (use_lockfile).
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # Written and tested with 5.100; version 6 renames attributes that are used here.
      version = ">= 5.100, < 6.0"
    }
  }

  # Whose bucket holds the state is told to `terraform init`: see README.md, "In this order".
  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      service   = "bank-batch"
      stage     = var.stage
      managedBy = "terraform"
    }
  }
}
