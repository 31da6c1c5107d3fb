# The key for the files, the secret, the topics and the logs. Losing the key means losing the files.

data "aws_iam_policy_document" "key" {
  # Lets IAM policies grant use of the key. Without this statement nobody could change the key policy again.
  statement {
    sid     = "Account"
    actions = ["kms:*"]
    # In a key policy, "*" means this key.
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_arn]
    }
  }

  # Alarms publish to the topic for people, which this key encrypts.
  statement {
    sid       = "Alarms"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

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

  # EventBridge publishes there as well. Its requests to the key have no aws:SourceAccount, so a condition on it would drop
  # every message. Source: Amazon SNS Developer Guide, "Enable compatibility between event sources from AWS services and
  # encrypted topics". The topic's own name, in the context of the encryption, takes its place.
  statement {
    sid       = "Events"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:sns:topicArn"
      values   = ["arn:${local.partition}:sns:${local.region}:${local.account_id}:${var.name}-notify"]
    }
  }

  # CloudWatch Logs encrypts the log groups of this stage.
  statement {
    sid       = "Logs"
    actions   = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.${local.dns_suffix}"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [
        for group in ["/aws/lambda/${var.name}-*", "/aws/lambda/bank-batch-backfill-${var.stage}-*", "/aws/lambda/bank-batch-intake-${var.stage}-*", "/aws/lambda/bank-batch-lake-${var.stage}-*", "/aws/vendedlogs/states/bank-batch-*-${var.stage}", "/aws/transfer/${var.name}", "/aws-glue/${var.name}/*"] :
        "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${group}"
      ]
    }
  }

  # Readers of other accounts decrypt files, and nothing else: S3 asks for them.
  dynamic "statement" {
    for_each = length(local.reader_arns) > 0 ? ["Readers"] : []

    content {
      sid       = statement.value
      actions   = ["kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = local.reader_arns
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${local.dns_suffix}"]
      }
    }
  }
}

resource "aws_kms_key" "extracts" {
  description             = "${var.name}: published files, database secret, topics, logs"
  policy                  = data.aws_iam_policy_document.key.json
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "extracts" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.extracts.key_id
}
