# The lake: what each tenant's analysts use (tenant/). The buckets and their keys are in kept/.

locals {
  tenants = { for tenant in var.tenants : tenant.id => tenant }

  # The datasets and their columns; a test compares them with src/lake/datasets/.
  datasets = jsondecode(file("${path.module}/datasets.json"))

  tenants_kept = {
    for id, _ in local.tenants : id => {
      analyst_arn    = "arn:${local.partition}:iam::${local.account_id}:role/${local.analyst_names[id]}"
      results_folder = local.results_folder
      raw_folder     = local.raw_folder
      raw_arns       = concat(["arn:${local.partition}:iam::${local.account_id}:role/${local.raw_names[id]}"], tolist(var.writer_principals))
    }
  }
  kept_of_tenants = module.kept.tenants

  # Not the prefixes by which the extracts', the landing and the lake's buckets admit writers.
  analyst_names  = { for id, _ in local.tenants : id => "analyst-bank-batch-${id}-${var.stage}" }
  raw_names      = { for id, _ in local.tenants : id => "raw-bank-batch-${id}-${var.stage}" }
  results_folder = "athena-results/"
  raw_folder     = "raw/"

  place = { account_id = local.account_id, partition = local.partition, region = local.region, dns_suffix = local.dns_suffix }
}

module "tenant" {
  source   = "./tenant"
  for_each = local.tenants

  id             = each.key
  stage          = var.stage
  place          = local.place
  bucket         = local.kept_of_tenants[each.key].bucket
  key_arn        = local.kept_of_tenants[each.key].key_arn
  results_folder = local.results_folder
  datasets       = { for name in each.value.datasets : name => local.datasets[name] }
  analyst_name   = local.analyst_names[each.key]
  # Without principals of its own, the account's administrator decides by IAM policies who may assume the role.
  analyst_principals       = lookup(var.analyst_principals, each.key, [local.account_id])
  raw_folder               = local.raw_folder
  raw_name                 = local.raw_names[each.key]
  raw_principals           = lookup(var.raw_principals, each.key, [])
  scan_limit_gib           = var.lake_scan_limit_gib
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = merge(var.tags, { tenant = each.key })
}
