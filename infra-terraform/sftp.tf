# An SFTP server for banks. It is charged by the hour, so it exists only if var.sftp is set.

locals {
  sftp_banks = var.sftp == null ? {} : {
    for bank in keys(var.sftp.public_keys) : bank => {
      # Names of users and roles must be ASCII, bank names need not be.
      user = replace(bank, "/[^A-Za-z0-9]/", "_")
    }
  }
  sftp_keys = var.sftp == null ? {} : merge([
    for bank, keys in var.sftp.public_keys : {
      for key in keys : "${bank} ${substr(sha256(key), 0, 8)}" => { bank = bank, body = key }
    }
  ]...)
  # What a user sees, and where it is. No folder is inside another, because Transfer allows no overlap.
  sftp_folders = merge(
    { for name, extract in local.extracts : "/${name}" => { folder = extract.folder, manifests = false } },
    try(var.sftp.manifests, false) ? {
      for name, extract in local.extracts : "/manifests/${name}" => { folder = extract.folder, manifests = true }
    } : {},
  )
  sftp_count   = var.sftp == null ? 0 : 1
  sftp_public  = var.sftp == null ? [] : var.sftp.public_subnet_ids
  sftp_subnets = length(local.sftp_public) > 0 ? local.sftp_public : var.private_subnet_ids
}

resource "aws_security_group" "sftp" {
  count = local.sftp_count

  name_prefix = "${local.name}-sftp-"
  description = "SFTP server"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${local.name}-sftp" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "sftp" {
  for_each = toset(var.sftp == null ? [] : var.sftp.allowed_cidrs)

  security_group_id = aws_security_group.sftp[0].id
  description       = "SFTP"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  tags              = var.tags
}

resource "aws_eip" "sftp" {
  count = length(local.sftp_public)

  domain = "vpc"
  tags   = merge(var.tags, { Name = "${local.name}-sftp" })
}

resource "aws_transfer_server" "sftp" {
  count = local.sftp_count

  protocols                   = ["SFTP"]
  domain                      = "S3"
  identity_provider_type      = "SERVICE_MANAGED"
  endpoint_type               = "VPC"
  security_policy_name        = "TransferSecurityPolicy-2025-03"
  structured_log_destinations = ["${aws_cloudwatch_log_group.sftp[0].arn}:*"]

  endpoint_details {
    vpc_id                 = var.vpc_id
    subnet_ids             = local.sftp_subnets
    security_group_ids     = [aws_security_group.sftp[0].id]
    address_allocation_ids = length(local.sftp_public) > 0 ? aws_eip.sftp[*].id : null
  }

  # Without it, a user's folders have to exist when the user logs in.
  s3_storage_options {
    directory_listing_optimization = "ENABLED"
  }

  tags = merge(var.tags, { Name = "${local.name}-sftp" })
}

# Logs logins and downloads.
resource "aws_cloudwatch_log_group" "sftp" {
  count = local.sftp_count

  name              = "/aws/transfer/${local.name}"
  retention_in_days = 400
  kms_key_id        = module.kept.key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "sftp_assume" {
  count = local.sftp_count

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["transfer.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

# A bank may list and read its own folders and nothing else. Policies can't contain a name such as that of a bank with a Polish
# letter: IAM allows only Latin-1 in them. Tags can, so the policy names the tag of the user's role. The server itself needs
# s3:GetBucketLocation.
locals {
  sftp_prefixes = [
    for place in values(local.sftp_folders) :
    place.manifests ? "${place.folder}_manifests" : "${place.folder}$${aws:PrincipalTag/bank}"
  ]
}

data "aws_iam_policy_document" "sftp_bank" {
  count = local.sftp_count

  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = [module.kept.extracts_bucket.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = flatten([for prefix in local.sftp_prefixes : [prefix, "${prefix}/*"]])
    }
  }

  statement {
    sid       = "Locate"
    actions   = ["s3:GetBucketLocation"]
    resources = [module.kept.extracts_bucket.arn]
  }

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = [for prefix in local.sftp_prefixes : "${module.kept.extracts_bucket.arn}/${prefix}/*"]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [module.kept.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${local.dns_suffix}"]
    }
  }
}

resource "aws_iam_role" "sftp_bank" {
  for_each = local.sftp_banks

  # Role names have at most 64 characters. The hash distinguishes banks whose names start with the same letters.
  name                 = "${local.regional_name}-sftp-${substr(each.value.user, 0, 10)}-${substr(sha256(each.key), 0, 8)}"
  description          = "SFTP user of one bank: read access to its own files"
  assume_role_policy   = data.aws_iam_policy_document.sftp_assume[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = merge(var.tags, { bank = each.key })
}

resource "aws_iam_role_policy" "sftp_bank" {
  for_each = local.sftp_banks

  name   = "read-own-files"
  role   = aws_iam_role.sftp_bank[each.key].id
  policy = data.aws_iam_policy_document.sftp_bank[0].json
}

resource "aws_transfer_user" "bank" {
  for_each = local.sftp_banks

  server_id           = aws_transfer_server.sftp[0].id
  user_name           = each.value.user
  role                = aws_iam_role.sftp_bank[each.key].arn
  home_directory_type = "LOGICAL"
  tags                = var.tags

  # The user sees its bank's folders only, so it can't see even the names of other banks.
  dynamic "home_directory_mappings" {
    for_each = local.sftp_folders

    content {
      entry = home_directory_mappings.key
      target = join("", [
        "/${module.kept.extracts_bucket.name}/${home_directory_mappings.value.folder}",
        home_directory_mappings.value.manifests ? "_manifests" : each.key,
      ])
    }
  }
}

# A bank has two keys while it replaces one.
resource "aws_transfer_ssh_key" "bank" {
  for_each = local.sftp_keys

  server_id = aws_transfer_server.sftp[0].id
  user_name = aws_transfer_user.bank[each.value.bank].user_name
  body      = each.value.body
}
