# Every variable rejects invalid values before Terraform calls AWS.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  stage                      = "prod"
  vpc_id                     = "vpc-0123456789abcdef0"
  private_subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  private_route_table_ids    = ["rtb-0123456789abcdef0"]
  database_host              = "ods.example.com"
  database_name              = "ods"
  database_security_group_id = "sg-0123456789abcdef0"
  notify_emails              = ["data-support@example.com"]
  expects_every_month        = true
}

run "rejects_malformed_values" {
  command = plan
  expect_failures = [
    var.stage, var.database_host, var.database_port, var.database_name, var.database_schema, var.database_security_group_id, var.vpc_id, var.private_subnet_ids, var.private_route_table_ids, var.https_egress_cidr_blocks, var.noncurrent_version_days, var.rotation_days, var.database_master_secret, var.notify_emails, var.sftp, var.permissions_boundary_arn,
    var.object_lock, var.replication, var.audit_log_days, var.reader_principals, var.subscriber_principals, var.writer_principals,
  ]

  variables {
    stage                      = "Pre-Prod"
    database_host              = "postgresql://ods.example.com"
    database_port              = 70000
    database_name              = "ods/other"
    database_schema            = "a.b"
    database_security_group_id = "default"
    vpc_id                     = "main"
    private_subnet_ids         = ["private"]
    private_route_table_ids    = ["main"]
    https_egress_cidr_blocks   = ["everywhere"]
    noncurrent_version_days    = 7
    rotation_days              = 0.5
    database_master_secret     = { arn = "master" }
    notify_emails              = ["support"]
    permissions_boundary_arn   = "boundary"
    object_lock                = { mode = "FOREVER", days = 1 }
    replication                = { bucket_arn = "copies", key_arn = "key", region = "eu-central-1" }
    audit_log_days             = 0
    reader_principals          = { "a reader" = { principals = ["everybody"] } }
    subscriber_principals      = ["*"]
    writer_principals          = ["arn:aws:iam::123456789012:root"]
    sftp = {
      public_keys   = { FirstNational = ["-----BEGIN OPENSSH PRIVATE KEY-----"] }
      allowed_cidrs = ["203.0.113.0/24"]
    }
  }
}

run "rejects_missing_and_duplicate_values" {
  command = plan
  expect_failures = [
    var.vpc_endpoints, var.private_subnet_ids, var.notify_emails, var.sftp,
  ]

  variables {
    vpc_endpoints      = ["secretsmanager", "dynamodb"]
    private_subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef0"]
    notify_emails      = []
    sftp = {
      public_keys   = { OBrienSöhne = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"], OBrienSähne = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"] }
      allowed_cidrs = ["203.0.113.0/24"]
    }
  }
}

run "rejects_contradictory_values" {
  command = plan
  expect_failures = [
    var.private_route_table_ids, var.https_egress_cidr_blocks, var.sftp,
  ]

  variables {
    vpc_endpoints            = ["s3"]
    private_route_table_ids  = []
    https_egress_cidr_blocks = []
    sftp = {
      public_keys   = { "First National" = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"] }
      allowed_cidrs = ["203.0.113.0/24"]
    }
  }
}

run "rejects_sftp_without_keys" {
  command = plan
  expect_failures = [
    var.private_subnet_ids, var.sftp,
  ]

  variables {
    private_subnet_ids = []
    sftp = {
      public_keys   = {}
      allowed_cidrs = ["203.0.113.0/24"]
    }
  }
}

run "rejects_sftp_without_cidr_blocks" {
  command = plan
  expect_failures = [
    var.sftp,
  ]

  variables {
    sftp = {
      public_keys   = { FirstNational = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"] }
      allowed_cidrs = []
    }
  }
}

run "rejects_sftp_from_a_bare_address" {
  command = plan
  expect_failures = [
    var.sftp,
  ]

  variables {
    sftp = {
      public_keys   = { FirstNational = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"] }
      allowed_cidrs = ["203.0.113.7"]
    }
  }
}

run "rejects_sftp_in_a_malformed_subnet" {
  command = plan
  expect_failures = [
    var.sftp,
  ]

  variables {
    sftp = {
      public_keys       = { FirstNational = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"] }
      allowed_cidrs     = ["203.0.113.0/24"]
      public_subnet_ids = ["public"]
    }
  }
}

run "rejects_options_that_need_others" {
  command = plan
  expect_failures = [
    var.create_crawler, var.object_lock, var.database_ca_file,
  ]

  variables {
    create_glue_job = true
    database_host   = "ods.cluster-abc.eu-west-1.rds.amazonaws.com"
    object_lock     = { mode = "GOVERNANCE", days = 30 }
  }
}

run "rejects_readers_of_folders_that_are_no_banks" {
  command = plan
  expect_failures = [
    var.reader_principals,
  ]

  variables {
    reader_principals = { one = { principals = ["210987654321"], banks = ["FirstNational/2026"] } }
  }
}

run "rejects_sftp_names_that_tags_can_not_contain" {
  command = plan
  expect_failures = [
    var.sftp,
  ]

  variables {
    sftp = {
      public_keys   = { "बैंक" = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"] }
      allowed_cidrs = ["203.0.113.0/24"]
    }
  }
}
