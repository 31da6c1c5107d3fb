# The key for the files, the secret and the topics. The functions' role in serverless.yml may use only this key. Losing
# the key means losing the files.

data "aws_partition" "current" {}

data "aws_iam_policy_document" "key" {
  # Lets IAM policies grant use of the key. Without this statement nobody could change the key policy again.
  statement {
    sid     = "Account"
    actions = ["kms:*"]
    # In a key policy, "*" means this key.
    resources = ["*"]

    principals {
      type = "AWS"
      identifiers = [
        "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
      ]
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
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_kms_key" "extracts" {
  description             = "${var.name}: published files, database secret, topics"
  policy                  = data.aws_iam_policy_document.key.json
  enable_key_rotation     = true
  deletion_window_in_days = 30

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "extracts" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.extracts.key_id
}
