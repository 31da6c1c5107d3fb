# A plan with 300 tenants, as a test of its own: it takes longer than all others. AWS is mocked.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  stage                      = "prod"
  vpc_id                     = "vpc-0123456789abcdef0"
  private_subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  private_route_table_ids    = ["rtb-0123456789abcdef0"]
  database_host              = "ods.example.com"
  database_name              = "ods"
  database_security_group_id = "sg-0123456789abcdef0"
  notify_emails              = ["data-support@example.com"]
  expects_every_month        = true
}

# How long it takes is in docs/decisions/28-tenants.md.
run "three_hundred_tenants" {
  command = plan

  variables {
    tenants = [
      for number in range(300) : { id = "tenant-${number}", bankId = number, name = "Tenant ${number}", datasets = ["loan_moving_average", "loan_detail"] }
    ]
  }

  assert {
    condition = (
      length(distinct([for tenant in module.kept.tenants : tenant.bucket])) == 300
      && length(distinct([for tenant in module.tenant : "${tenant.database} ${tenant.workgroup}"])) == 300
      && sum([for tenant in module.tenant : length(tenant.tables)]) == 600
    )
    error_message = "A tenant has no bucket, table or workgroup of its own."
  }

  assert {
    condition     = max([for tenant in module.kept.tenants : length(tenant.bucket)]...) <= 63
    error_message = "A name is too long."
  }
}
