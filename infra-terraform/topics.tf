# Two topics. For people: `notify` and the alarms publish to it. For machines: `announce` publishes to it.

resource "aws_sns_topic" "notify" {
  name              = "${local.name}-notify"
  display_name      = "bank-batch ${var.stage}"
  kms_master_key_id = module.kept.key_arn
}

resource "aws_sns_topic" "announce" {
  name              = "${local.name}-announce"
  kms_master_key_id = module.kept.key_arn
}

locals {
  topic_arns = { notify = aws_sns_topic.notify.arn, announce = aws_sns_topic.announce.arn }
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
        values   = [data.aws_caller_identity.current.account_id]
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
