# An SFTP server for banks. It is charged by the hour, so it exists only if var.sftp is set.

locals {
  sftp_banks = var.sftp == null ? {} : {
    for bank, key in var.sftp.public_keys : bank => {
      public_key = key
      # Names of users and roles must be ASCII, bank names need not be.
      user = replace(bank, "/[^A-Za-z0-9]/", "_")
    }
  }
  sftp_count   = var.sftp == null ? 0 : 1
  sftp_public  = var.sftp == null ? [] : var.sftp.public_subnet_ids
  sftp_subnets = length(local.sftp_public) > 0 ? local.sftp_public : var.private_subnet_ids
}

resource "aws_security_group" "sftp" {
  count = local.sftp_count

  name        = "${local.name}-sftp"
  description = "SFTP server"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "sftp" {
  for_each = toset(var.sftp == null ? [] : var.sftp.allowed_cidrs)

  security_group_id = aws_security_group.sftp[0].id
  description       = "SFTP"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_eip" "sftp" {
  count = length(local.sftp_public)

  domain = "vpc"
  tags   = { Name = "${local.name}-sftp" }
}

resource "aws_transfer_server" "sftp" {
  count = local.sftp_count

  protocols                   = ["SFTP"]
  domain                      = "S3"
  identity_provider_type      = "SERVICE_MANAGED"
  endpoint_type               = "VPC"
  security_policy_name        = "TransferSecurityPolicy-2024-01"
  structured_log_destinations = ["${aws_cloudwatch_log_group.sftp[0].arn}:*"]

  endpoint_details {
    vpc_id                 = var.vpc_id
    subnet_ids             = local.sftp_subnets
    security_group_ids     = [aws_security_group.sftp[0].id]
    address_allocation_ids = length(local.sftp_public) > 0 ? aws_eip.sftp[*].id : null
  }

  tags = { Name = "${local.name}-sftp" }
}

# Logs logins and downloads.
resource "aws_cloudwatch_log_group" "sftp" {
  count = local.sftp_count

  name              = "/aws/transfer/${local.name}"
  retention_in_days = 400
}

data "aws_iam_policy_document" "sftp_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["transfer.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

# A bank may list and read its own folder and nothing else. The server itself needs s3:GetBucketLocation.
data "aws_iam_policy_document" "sftp_bank" {
  for_each = local.sftp_banks

  statement {
    actions   = ["s3:ListBucket"]
    resources = [module.kept.extracts_bucket.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [each.key, "${each.key}/*"]
    }
  }

  statement {
    actions   = ["s3:GetBucketLocation"]
    resources = [module.kept.extracts_bucket.arn]
  }

  statement {
    actions   = ["s3:GetObject"]
    resources = ["${module.kept.extracts_bucket.arn}/${each.key}/*"]
  }

  statement {
    actions   = ["kms:Decrypt"]
    resources = [module.kept.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.${data.aws_partition.current.dns_suffix}"]
    }
  }
}

resource "aws_iam_role" "sftp_bank" {
  for_each = local.sftp_banks

  # Role names have at most 64 characters. The hash distinguishes banks whose names start with the same letters.
  name               = "${local.name}-sftp-${substr(each.value.user, 0, 18)}-${substr(sha256(each.key), 0, 8)}"
  description        = "SFTP user of one bank: read access to its own files"
  assume_role_policy = data.aws_iam_policy_document.sftp_assume.json
}

resource "aws_iam_role_policy" "sftp_bank" {
  for_each = local.sftp_banks

  name   = "read-own-files"
  role   = aws_iam_role.sftp_bank[each.key].id
  policy = data.aws_iam_policy_document.sftp_bank[each.key].json
}

resource "aws_transfer_user" "bank" {
  for_each = local.sftp_banks

  server_id           = aws_transfer_server.sftp[0].id
  user_name           = each.value.user
  role                = aws_iam_role.sftp_bank[each.key].arn
  home_directory_type = "LOGICAL"

  # The user sees its bank's folder as /, so it can't see even the names of other banks.
  home_directory_mappings {
    entry  = "/"
    target = "/${module.kept.extracts_bucket.name}/${each.key}"
  }
}

resource "aws_transfer_ssh_key" "bank" {
  for_each = local.sftp_banks

  server_id = aws_transfer_server.sftp[0].id
  user_name = aws_transfer_user.bank[each.key].user_name
  body      = each.value.public_key
}
