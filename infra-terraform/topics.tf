# For people: `notify`, the alarms and EventBridge publish to one topic. For machines: `announce` publishes to the other. Intake's
# topic for machines is in intake.tf.

resource "aws_sns_topic" "notify" {
  name              = "${local.name}-notify"
  display_name      = "bank-batch ${var.stage}"
  kms_master_key_id = module.kept.key_arn
  tags              = var.tags
}

resource "aws_sns_topic" "announce" {
  name              = "${local.name}-announce"
  kms_master_key_id = module.kept.key_arn
  tags              = var.tags
}

locals {
  topic_arns = merge(
    { notify = aws_sns_topic.notify.arn, announce = aws_sns_topic.announce.arn },
    { for topic in aws_sns_topic.intake : "intake" => topic.arn },
  )

  subscriber_arns = [
    for principal in var.subscriber_principals :
    can(regex("^[0-9]{12}$", principal)) ? "arn:${local.partition}:iam::${principal}:root" : principal
  ]
}

data "aws_iam_policy_document" "topic" {
  for_each = local.topic_arns

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [each.value]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # EventBridge's requests have nothing that a condition could name. A rule of another account needs a role to send here.
  dynamic "statement" {
    for_each = each.key == "notify" && local.uses_glue ? ["Events"] : []

    content {
      sid       = statement.value
      actions   = ["sns:Publish"]
      resources = [each.value]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }
    }
  }

  # Roles of this account publish and subscribe through IAM policies. A service needs a statement here.
  dynamic "statement" {
    for_each = each.key == "notify" ? ["Alarms"] : []

    content {
      sid       = statement.value
      actions   = ["sns:Publish"]
      resources = [each.value]

      principals {
        type        = "Service"
        identifiers = ["cloudwatch.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account_id]
      }
    }
  }

  # Subscribers in other accounts. A queue needs no right to the key: SNS decrypts before it delivers.
  dynamic "statement" {
    for_each = each.key == "announce" && length(local.subscriber_arns) > 0 ? ["Subscribers"] : []

    content {
      sid       = statement.value
      actions   = ["sns:Subscribe"]
      resources = [each.value]

      principals {
        type        = "AWS"
        identifiers = local.subscriber_arns
      }
    }
  }
}

resource "aws_sns_topic_policy" "topic" {
  for_each = local.topic_arns

  arn    = each.value
  policy = data.aws_iam_policy_document.topic[each.key].json
}

resource "aws_sns_topic_subscription" "people" {
  for_each = var.notify_emails

  topic_arn = aws_sns_topic.notify.arn
  protocol  = "email"
  endpoint  = each.value
}

# Where Lambda puts the events that `notify` could not send. SQS encrypts it with its own key, so the function's role needs
# no right to a key.
resource "aws_sqs_queue" "notify_failed" {
  name                      = "${local.name}-notify-failed"
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

data "aws_iam_policy_document" "notify_failed" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.notify_failed.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "notify_failed" {
  queue_url = aws_sqs_queue.notify_failed.id
  policy    = data.aws_iam_policy_document.notify_failed.json
}
