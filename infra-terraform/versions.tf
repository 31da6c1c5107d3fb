# Versions of Terraform and the provider, and the backend for the state.

terraform {
  # 1.10 is the first version whose S3 backend locks the state by itself (use_lockfile).
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # Written for and tested with 5.100. Version 6 renames attributes used here.
      version = ">= 5.100, < 6.0"
    }
  }

  # `terraform init` gets the state's bucket as an argument: see README.md, "Set up a stage".
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
