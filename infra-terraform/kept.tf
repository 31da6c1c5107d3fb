# What must survive everything else: the published files, the key that decrypts them, the secret, and the logs of who
# changed the files. They are in a module of their own, so a single address removes all of them from the state:
# terraform state rm module.<your name for this module>.module.kept

module "kept" {
  source = "./kept"

  stage                    = var.stage
  name                     = local.name
  regional_name            = local.regional_name
  tags                     = var.tags
  folders                  = [for extract in local.extracts : extract.folder]
  noncurrent_version_days  = var.noncurrent_version_days
  readers                  = var.reader_principals
  writer_arns              = local.writer_arns
  operator_arns            = tolist(var.writer_principals)
  intake                   = local.intake_kept
  tenants                  = local.tenants_kept
  object_lock              = var.object_lock
  replication              = var.replication
  log_access               = var.log_access
  log_data_events          = var.log_data_events
  log_days                 = var.audit_log_days
  permissions_boundary_arn = var.permissions_boundary_arn
}

locals {
  # The roles of the functions and of the Glue job: their names start with the stage's prefix.
  writer_arns = concat(
    ["arn:${local.partition}:iam::${local.account_id}:role/${local.name}-*"],
    tolist(var.writer_principals),
  )
}
