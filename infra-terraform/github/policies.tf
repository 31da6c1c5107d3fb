# What the roles may do.

data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "Stack"
    actions   = ["cloudformation:*"]
    resources = [for stack in local.stacks : "arn:${local.partition}:cloudformation:${local.region}:${local.account_id}:stack/${stack}/*"]
  }

  statement {
    sid = "Look"
    actions = [
      "cloudformation:ValidateTemplate",
      "cloudwatch:DescribeAlarms",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
      "logs:DescribeLogGroups",
    ]
    # These actions have no narrower resource.
    resources = ["*"]
  }

  # CloudFormation shortens both parts of the name to 24 characters each if it would be longer than 63.
  statement {
    sid     = "DeploymentBucket"
    actions = ["s3:*"]
    resources = flatten([
      for stack in local.stacks : [
        "arn:${local.partition}:s3:::${substr(stack, 0, 24)}*-serverlessdeploymentbuck*",
        "arn:${local.partition}:s3:::${substr(stack, 0, 24)}*-serverlessdeploymentbuck*/*",
      ]
    ])
  }

  statement {
    sid       = "Functions"
    actions   = ["lambda:*"]
    resources = [for stack in local.stacks : "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${stack}-*"]
  }

  statement {
    sid       = "Rules"
    actions   = ["events:*"]
    resources = [for stack in local.stacks : "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${stack}-*"]
  }

  statement {
    sid       = "Schedules"
    actions   = ["scheduler:*"]
    resources = [for stack in local.stacks : "arn:${local.partition}:scheduler:${local.region}:${local.account_id}:schedule/default/${stack}-*"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:*"]
    resources = [for stack in local.stacks : "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${stack}-*"]
  }

  # Intake and lake: their queues, state machine, topic, table and alarms.
  statement {
    sid     = "Pipelines"
    actions = ["cloudwatch:*", "dynamodb:*", "sns:*", "sqs:*", "states:*"]
    resources = flatten([
      for stack in local.stacks : [
        "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${stack}-*",
        "arn:${local.partition}:dynamodb:${local.region}:${local.account_id}:table/${stack}-*",
        "arn:${local.partition}:sns:${local.region}:${local.account_id}:${stack}-*",
        "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${stack}*",
        "arn:${local.partition}:states:${local.region}:${local.account_id}:stateMachine:${stack}*",
      ]
    ])
  }

  # Lambda gives an event source mapping an id, so only the function that it invokes can limit this.
  statement {
    sid = "EventSources"
    actions = [
      "lambda:CreateEventSourceMapping",
      "lambda:DeleteEventSourceMapping",
      "lambda:GetEventSourceMapping",
      "lambda:UpdateEventSourceMapping",
    ]
    resources = ["*"]

    condition {
      test     = "ArnLikeIfExists"
      variable = "lambda:FunctionArn"
      values   = [for stack in local.stacks : "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${stack}-*"]
    }
  }

  # CloudFormation gives what it makes the tags of the stack.
  statement {
    sid       = "EventSourceTags"
    actions   = ["lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"]
    resources = ["arn:${local.partition}:lambda:${local.region}:${local.account_id}:event-source-mapping:*"]
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
      "iam:ListRoleTags",
      "iam:PutRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
      "iam:DeleteRolePermissionsBoundary",
      "iam:PutRolePermissionsBoundary",
    ]
    resources = [for stack in local.stacks : "arn:${local.partition}:iam::${local.account_id}:role/${stack}-*"]
  }

  # osls attaches AWS's policies to the roles of functions in a VPC.
  statement {
    sid       = "AttachPolicies"
    actions   = ["iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:ListAttachedRolePolicies"]
    resources = [for stack in local.stacks : "arn:${local.partition}:iam::${local.account_id}:role/${stack}-*"]

    condition {
      test     = "ArnLikeIfExists"
      variable = "iam:PolicyARN"
      values   = ["arn:${local.partition}:iam::aws:policy/service-role/AWSLambda*"]
    }
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = [for stack in local.stacks : "arn:${local.partition}:iam::${local.account_id}:role/${stack}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["lambda.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "plan" {
  statement {
    sid       = "State"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${var.state_bucket}", "arn:${local.partition}:s3:::${var.state_bucket}/*"]
  }

  # ReadOnlyAccess leaves it out, because a connection may contain a password. This one names a secret instead.
  statement {
    sid     = "GlueConnection"
    actions = ["glue:GetConnection"]
    resources = [
      "arn:${local.partition}:glue:${local.region}:${local.account_id}:catalog",
      "arn:${local.partition}:glue:${local.region}:${local.account_id}:connection/${local.name}-ods",
    ]
  }

  # Terraform asks for the indexes of each table, which ReadOnlyAccess leaves out as well.
  statement {
    sid     = "GlueIndexes"
    actions = ["glue:GetPartitionIndexes"]
    resources = [
      for resource in ["catalog", "database/bank_batch_*", "table/bank_batch_*"] :
      "arn:${local.partition}:glue:${local.region}:${local.account_id}:${resource}"
    ]
  }

  # ReadOnlyAccess allows reading files and logs. A plan needs neither, only the script of the Glue job, which is in the
  # bucket for artifacts.
  statement {
    sid     = "NoFiles"
    effect  = "Deny"
    actions = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = concat(
      [
        for bucket in ["extracts", "landing", "intake", "datalake", "replica", "logs"] :
        "arn:${local.partition}:s3:::bank-batch-*-${bucket}-${local.account_id}/*"
      ],
      ["arn:${local.partition}:s3:::bank-batch-*-artifacts-${local.account_id}/athena/*"],
    )
  }

  statement {
    sid       = "NoLogs"
    effect    = "Deny"
    actions   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartLiveTail", "logs:StartQuery", "secretsmanager:GetSecretValue"]
    resources = ["*"]
  }
}
