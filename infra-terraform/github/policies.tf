# What the roles may do.

data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "Stack"
    actions   = ["cloudformation:*"]
    resources = ["arn:${local.partition}:cloudformation:${local.region}:${local.account_id}:stack/${local.name}/*"]
  }

  statement {
    sid = "Look"
    actions = [
      "cloudformation:ValidateTemplate",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
      "logs:DescribeLogGroups",
    ]
    # These actions have no narrower resource.
    resources = ["*"]
  }

  statement {
    sid     = "DeploymentBucket"
    actions = ["s3:*"]
    resources = [
      "arn:${local.partition}:s3:::${local.name}-serverlessdeploymentbucket-*",
      "arn:${local.partition}:s3:::${local.name}-serverlessdeploymentbucket-*/*",
    ]
  }

  statement {
    sid       = "Functions"
    actions   = ["lambda:*"]
    resources = ["arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.name}-*"]
  }

  statement {
    sid       = "Rules"
    actions   = ["events:*"]
    resources = ["arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.name}-*"]
  }

  statement {
    sid       = "Schedules"
    actions   = ["scheduler:*"]
    resources = ["arn:${local.partition}:scheduler:${local.region}:${local.account_id}:schedule/default/${local.name}-*"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:*"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${local.name}-*"]
  }

  statement {
    sid       = "Settings"
    actions   = ["ssm:GetParameter", "ssm:GetParameters"]
    resources = ["arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter/bank-batch/${var.stage}/*"]
  }

  statement {
    sid = "Roles"
    actions = [
      "iam:CreateRole",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListRolePolicies",
      "iam:PutRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = ["arn:${local.partition}:iam::${local.account_id}:role/${local.name}-*"]
  }

  # osls attaches AWS's policies to the roles of functions in a VPC.
  statement {
    sid       = "AttachPolicies"
    actions   = ["iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:ListAttachedRolePolicies"]
    resources = ["arn:${local.partition}:iam::${local.account_id}:role/${local.name}-*"]

    condition {
      test     = "ArnLikeIfExists"
      variable = "iam:PolicyARN"
      values   = ["arn:${local.partition}:iam::aws:policy/service-role/AWSLambda*"]
    }
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = ["arn:${local.partition}:iam::${local.account_id}:role/${local.name}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["lambda.amazonaws.com", "scheduler.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "plan" {
  statement {
    sid       = "State"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${var.state_bucket}", "arn:${local.partition}:s3:::${var.state_bucket}/*"]
  }

  # ReadOnlyAccess allows reading files and logs. A plan needs neither.
  statement {
    sid       = "NoFiles"
    effect    = "Deny"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["arn:${local.partition}:s3:::${var.extracts_bucket_name}/*"]
  }

  statement {
    sid       = "NoLogs"
    effect    = "Deny"
    actions   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartLiveTail", "logs:StartQuery", "secretsmanager:GetSecretValue"]
    resources = ["*"]
  }
}
