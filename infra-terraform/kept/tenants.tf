# The lake: a bucket for each tenant, each with a key of its own. The contract of the lake (docs/contract.md, section 11)
# has their names, which contain no region: a stage has one lake.

module "tenant" {
  source   = "./tenant"
  for_each = var.tenants

  name        = "bank-batch-${each.key}-${var.stage}-datalake"
  tags        = merge(var.tags, { tenant = each.key })
  account_id  = local.account_id
  account_arn = local.account_arn

  # The functions of serverless.lake.yml.
  writer_arns             = concat(["arn:${local.partition}:iam::${local.account_id}:role/bank-batch-lake-${var.stage}-${local.region}-*"], var.operator_arns)
  analyst_arn             = each.value.analyst_arn
  results_folder          = each.value.results_folder
  raw_folder              = each.value.raw_folder
  raw_arns                = each.value.raw_arns
  noncurrent_version_days = var.noncurrent_version_days
}
