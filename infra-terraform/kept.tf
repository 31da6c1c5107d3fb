# What outlives everything else: the published files, the key without which nobody can read them, and the secret.
# They are a module of their own so that letting go of the rest is one address: terraform state rm module.kept

module "kept" {
  source = "./kept"

  name                    = local.name
  noncurrent_version_days = var.noncurrent_version_days
}
