# What intake keeps: the bucket where banks write, the bucket with every delivery, the secret of the database user that
# loads them, and a key for all of it. Names of clients are in there, so all objects expire.

locals {
  intake_count = var.intake == null ? 0 : 1
  # The start of the roles' names in serverless.intake.yml.
  intake_role_arn = "arn:${local.partition}:iam::${local.account_id}:role/bank-batch-intake-${var.stage}-${local.region}-"
}

module "intake_key" {
  source = "../key"
  count  = local.intake_count

  alias       = "${var.name}-intake"
  description = "${var.name}: deliveries of banks, secret and topic of intake"
  account_arn = local.account_arn
  tags        = var.tags
}

# The banks' roles write, and the function `settle` removes what it has settled.
module "landing" {
  source = "../bucket"
  count  = local.intake_count

  name                    = "${var.regional_name}-landing-${local.account_id}"
  tags                    = var.tags
  key_arn                 = module.intake_key[0].arn
  writer_arns             = var.intake.uploader_arns
  remover_arns            = ["${local.intake_role_arn}settle"]
  noncurrent_version_days = var.intake.noncurrent_version_days
}

module "intake" {
  source = "../bucket"
  count  = local.intake_count

  name                    = "${var.regional_name}-intake-${local.account_id}"
  tags                    = var.tags
  key_arn                 = module.intake_key[0].arn
  writer_arns             = concat(["${local.intake_role_arn}*"], var.operator_arns)
  noncurrent_version_days = var.intake.noncurrent_version_days
  expiration_days         = { for area, days in var.intake.keep_days : "${area}/" => days }
}

# An operator sets its value, as with the other secret.
resource "aws_secretsmanager_secret" "intake" {
  count = local.intake_count

  name                    = "${var.name}/intake-database"
  description             = "PostgreSQL user with the role intake_writer, as JSON in the RDS format"
  kms_key_id              = module.intake_key[0].arn
  recovery_window_in_days = 30
  tags                    = var.tags

  lifecycle {
    prevent_destroy = true
  }
}
