# Versions of Terraform and the provider. The caller configures the provider and the backend: see examples/.

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
}
