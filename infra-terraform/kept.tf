# What must survive everything else: the published files, the key that decrypts them, and the secret. They are in a
# module of their own, so a single address removes all of them from the state: terraform state rm module.kept

module "kept" {
  source = "./kept"

  name                    = local.name
  noncurrent_version_days = var.noncurrent_version_days
}
