# The roles that GitHub's workflows assume by OpenID Connect: one deploys the functions, one only plans. No key is stored
# anywhere. Each trusts jobs of one environment of one repository. The environments differ, because a deployment waits for
# its reviewers and the daily plan must not.

terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
  name       = "bank-batch-${var.stage}"
  # The stacks of the serverless files, and the starts of the names of their resources.
  stacks = [local.name, "bank-batch-backfill-${var.stage}", "bank-batch-intake-${var.stage}", "bank-batch-lake-${var.stage}"]

  issuer       = "token.actions.githubusercontent.com"
  provider_arn = "arn:${local.partition}:iam::${local.account_id}:oidc-provider/${local.issuer}"
}

# An account can have only one provider of an issuer.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_provider ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.tags
}

data "aws_iam_policy_document" "assume" {
  for_each = { deploy = var.stage, plan = "${var.stage}-plan" }

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = ["repo:${var.repository}:environment:${each.value}"]
    }
  }
}

# The names don't start with the stage's prefix: the bucket admits writers by that prefix.
resource "aws_iam_role" "deploy" {
  name                 = "deploy-${local.name}-${local.region}"
  description          = "GitHub workflow deploy.yml of ${var.repository}"
  assume_role_policy   = data.aws_iam_policy_document.assume["deploy"].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "deploy" {
  name   = "deploy"
  role   = aws_iam_role.deploy.id
  policy = data.aws_iam_policy_document.deploy.json
}

resource "aws_iam_role" "plan" {
  name                 = "plan-${local.name}-${local.region}"
  description          = "GitHub workflow plan.yml of ${var.repository}"
  assume_role_policy   = data.aws_iam_policy_document.assume["plan"].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  depends_on = [aws_iam_openid_connect_provider.github]
}

# A plan reads the settings of every resource.
resource "aws_iam_role_policy_attachment" "plan" {
  role       = aws_iam_role.plan.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "plan" {
  name   = "no-content"
  role   = aws_iam_role.plan.id
  policy = data.aws_iam_policy_document.plan.json
}
