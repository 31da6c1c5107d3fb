# What each reader may see: everything, or the folders of some banks, with or without the manifests. A manifest names
# all banks and their totals, so a reader of single banks sees manifests only on request.

locals {
  readers = {
    for name, reader in var.readers : name => {
      # An account stands for all principals to which it grants the same rights by itself.
      arns = [
        for principal in reader.principals :
        can(regex("^[0-9]{12}$", principal)) ? "arn:${local.partition}:iam::${principal}:root" : principal
      ]
      prefixes = reader.banks == null ? [""] : concat(
        [for pair in setproduct(var.folders, reader.banks) : "${pair[0]}${pair[1]}/"],
        coalesce(reader.manifests, false) ? [for folder in var.folders : "${folder}_manifests/"] : [],
      )
    }
  }
  reader_arns = distinct(flatten([for reader in local.readers : reader.arns]))
}

data "aws_iam_policy_document" "readers" {
  dynamic "statement" {
    for_each = local.readers

    content {
      sid       = "Read${statement.key}"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = [for prefix in statement.value.prefixes : "${module.extracts.arn}/${prefix}*"]

      principals {
        type        = "AWS"
        identifiers = statement.value.arns
      }
    }
  }

  dynamic "statement" {
    for_each = local.readers

    content {
      sid       = "List${statement.key}"
      actions   = ["s3:ListBucket"]
      resources = [module.extracts.arn]

      principals {
        type        = "AWS"
        identifiers = statement.value.arns
      }

      # A reader of everything may also list without a prefix, which no condition on the prefix matches.
      dynamic "condition" {
        for_each = contains(statement.value.prefixes, "") ? [] : ["s3:prefix"]

        content {
          test     = "StringLike"
          variable = condition.value
          values   = [for prefix in statement.value.prefixes : "${prefix}*"]
        }
      }
    }
  }
}
