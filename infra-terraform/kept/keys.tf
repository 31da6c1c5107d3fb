# The key of the files, of the secret and of the topics: the functions' role in serverless.yml may use one key, this one.
# Who loses it loses the files.

data "aws_partition" "current" {}

data "aws_iam_policy_document" "key" {
  # Leaves it to the account's own policies who may use the key; without it nobody could ever change this one.
  statement {
    sid     = "Account"
    actions = ["kms:*"]
    # In the policy of a key this is the key.
    resources = ["*"]

    principals {
      type = "AWS"
      identifiers = [
        "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
      ]
    }
  }

  # An alarm writes to the topic for people, which this key encrypts.
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
