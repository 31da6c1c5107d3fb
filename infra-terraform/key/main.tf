# A KMS key that only this account's IAM policies grant use of, protected against destroy. Losing a key means losing what it
# encrypts.

variable "alias" {
  description = "Name of the key, without alias/."
  type        = string
}

variable "description" {
  description = "What the key encrypts."
  type        = string
}

variable "account_arn" {
  description = "ARN of the account's root. Not looked up here, because there may be hundreds of keys."
  type        = string
}

variable "tags" {
  description = "Tags of the key."
  type        = map(string)
  default     = {}
}

data "aws_iam_policy_document" "key" {
  # Without this statement nobody could change the key policy again.
  statement {
    sid     = "Account"
    actions = ["kms:*"]
    # In a key policy, "*" means this key.
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [var.account_arn]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = var.description
  policy                  = data.aws_iam_policy_document.key.json
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.alias}"
  target_key_id = aws_kms_key.this.key_id
}

output "arn" {
  description = "ARN of the key."
  value       = aws_kms_key.this.arn
}
