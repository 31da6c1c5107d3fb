# Tests of the plan: the lake's tenants. AWS is mocked.

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

run "tenants" {
  command = plan

  variables {
    tenants = [
      { id = "first-national", bankId = 1, name = "First National", datasets = ["loan_moving_average", "loan_detail"] },
      { id = "paper-bank", bankId = 4, name = "Paper Bank", datasets = ["loan_detail"] },
    ]
    analyst_principals = { paper-bank = ["arn:aws:iam::210987654321:role/analysts"] }
    raw_principals     = { paper-bank = ["arn:aws:iam::210987654321:role/files"] }
  }

  assert {
    condition     = keys(output.raw_role_arns) == ["paper-bank"] && [for id, tenant in module.tenant : id if tenant.raw_role_arn != null] == ["paper-bank"]
    error_message = "A tenant can't upload its own files, or another one has a role for it."
  }

  # docs/contract.md, section 11
  assert {
    condition = { for id, tenant in module.kept.tenants : id => tenant.bucket } == {
      first-national = "bank-batch-first-national-prod-datalake-123456789012"
      paper-bank     = "bank-batch-paper-bank-prod-datalake-123456789012"
    }
    error_message = "The buckets don't have the names that the lake's functions expect."
  }

  assert {
    condition = { for id, tenant in module.tenant : id => [tenant.database, tenant.workgroup, sort(tenant.tables)] } == {
      first-national = ["bank_batch_first_national_prod", "bank-batch-first-national-prod", tolist(["loan_detail", "loan_moving_average"])]
      paper-bank     = ["bank_batch_paper_bank_prod", "bank-batch-paper-bank-prod", tolist(["loan_detail"])]
    }
    error_message = "A tenant has another table than those of its datasets, or no database or workgroup of its own."
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_log_group.function), "bank-batch-lake-prod-lake")
    error_message = "The lake's function has no log group."
  }
}

run "tenant" {
  command = plan

  module {
    source = "./tenant"
  }

  variables {
    id                 = "paper-bank"
    place              = { account_id = "123456789012", partition = "aws", region = "eu-west-1", dns_suffix = "amazonaws.com" }
    bucket             = "bank-batch-paper-bank-prod-datalake-123456789012"
    key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000002"
    results_folder     = "athena-results/"
    raw_folder         = "raw/"
    raw_name           = "raw-bank-batch-paper-bank-prod"
    raw_principals     = ["arn:aws:iam::210987654321:role/files"]
    datasets           = { loan_detail = [{ name = "bank_id", type = "int" }, { name = "loan_date", type = "date" }] }
    analyst_name       = "analyst-bank-batch-paper-bank-prod"
    analyst_principals = ["arn:aws:iam::210987654321:role/analysts"]
    scan_limit_gib     = 100
  }

  assert {
    condition = [for table in aws_glue_catalog_table.lake : [
      table.storage_descriptor[0].location, table.parameters["storage.location.template"], join(" ", [for column in table.storage_descriptor[0].columns : "${column.name} ${column.type}"]),
      ]] == [[
      "s3://bank-batch-paper-bank-prod-datalake-123456789012/tables/loan_detail/",
      "s3://bank-batch-paper-bank-prod-datalake-123456789012/tables/loan_detail/year=$${year}/month=$${month}/",
      "bank_id int loan_date date",
    ]]
    error_message = "Athena looks for the lists elsewhere, or the table has other columns than the dataset."
  }

  assert {
    condition = alltrue(flatten([
      for table in aws_glue_catalog_table.lake : [
        table.storage_descriptor[0].input_format == "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat",
        table.storage_descriptor[0].ser_de_info[0].serialization_library == "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        [for key in table.partition_keys : key.name] == ["year", "month"],
        { for name, value in table.parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") } == {
          enabled        = "true"
          "year.type"    = "integer"
          "year.range"   = "2000,2099"
          "month.type"   = "integer"
          "month.range"  = "1,12"
          "month.digits" = "2"
        },
      ]
    ]))
    error_message = "A table does not read the lists, or computes other folders than those of the lists."
  }

  assert {
    condition = [
      aws_athena_workgroup.lake.configuration[0].enforce_workgroup_configuration,
      aws_athena_workgroup.lake.configuration[0].bytes_scanned_cutoff_per_query,
      aws_athena_workgroup.lake.configuration[0].result_configuration[0].output_location,
      aws_athena_workgroup.lake.configuration[0].result_configuration[0].expected_bucket_owner,
      aws_athena_workgroup.lake.configuration[0].result_configuration[0].encryption_configuration[0].encryption_option,
      aws_athena_workgroup.lake.configuration[0].result_configuration[0].encryption_configuration[0].kms_key_arn,
    ] == [true, 107374182400, "s3://bank-batch-paper-bank-prod-datalake-123456789012/athena-results/", "123456789012", "SSE_KMS", var.key_arn]
    error_message = "A workgroup's limit or the place of its results can be changed by a query, or is another."
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.analyst.statement : statement.sid => sort(statement.resources)
      if coalesce(statement.effect, "Allow") == "Allow"
      } == {
      Read = tolist([
        "arn:aws:s3:::bank-batch-paper-bank-prod-datalake-123456789012/analytics-ready/*",
        "arn:aws:s3:::bank-batch-paper-bank-prod-datalake-123456789012/tables/*",
      ])
      Results = tolist(["arn:aws:s3:::bank-batch-paper-bank-prod-datalake-123456789012/athena-results/*"])
      Bucket  = tolist(["arn:aws:s3:::bank-batch-paper-bank-prod-datalake-123456789012"])
      Key     = tolist([var.key_arn])
      Query   = tolist(["arn:aws:athena:eu-west-1:123456789012:workgroup/bank-batch-paper-bank-prod"])
      Tables = tolist([
        "arn:aws:glue:eu-west-1:123456789012:catalog",
        "arn:aws:glue:eu-west-1:123456789012:database/bank_batch_paper_bank_prod",
        "arn:aws:glue:eu-west-1:123456789012:table/bank_batch_paper_bank_prod/*",
      ])
      DefaultDatabase = tolist([
        "arn:aws:glue:eu-west-1:123456789012:catalog",
        "arn:aws:glue:eu-west-1:123456789012:database/default",
      ])
    }
    error_message = "An analyst reaches more than the tenant's lake and what Athena looks at for every query, or less."
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.analyst.statement : statement.sid => join(" ", sort(statement.actions))
      if statement.sid != "Query"
      } == {
      Read            = "s3:GetObject"
      Results         = "s3:AbortMultipartUpload s3:GetObject s3:ListMultipartUploadParts s3:PutObject"
      Bucket          = "s3:GetBucketLocation s3:ListBucket s3:ListBucketMultipartUploads"
      Key             = "kms:Decrypt kms:GenerateDataKey"
      Tables          = "glue:GetDatabase glue:GetPartition glue:GetPartitions glue:GetTable glue:GetTables"
      DefaultDatabase = "glue:CreateDatabase glue:GetDatabase"
    }
    error_message = "An analyst may do more than read the tenant's lake and write results, or less."
  }

  assert {
    condition     = flatten([for each in data.aws_iam_policy_document.analyst_assume.statement[0].principals : tolist(each.identifiers)]) == ["arn:aws:iam::210987654321:role/analysts"]
    error_message = "Somebody else can assume the role of a tenant's analysts."
  }

  assert {
    condition = (
      flatten([for each in data.aws_iam_policy_document.raw_assume[0].statement[0].principals : tolist(each.identifiers)]) == ["arn:aws:iam::210987654321:role/files"]
      && { for statement in data.aws_iam_policy_document.raw[0].statement : join(" ", sort(statement.actions)) => join(" ", statement.resources) } == {
        "s3:AbortMultipartUpload s3:PutObject" = "arn:aws:s3:::bank-batch-paper-bank-prod-datalake-123456789012/raw/*"
        "kms:Decrypt kms:GenerateDataKey"      = var.key_arn
      }
    )
    error_message = "Somebody else can upload a tenant's own files, or may do more than upload them."
  }
}

run "without_lake" {
  command = plan

  assert {
    condition     = length(module.kept.tenants) + length(module.tenant) == 0
    error_message = "By default, there is something of a lake."
  }
}

run "rejects_tenants_of_one_bank" {
  command = plan
  expect_failures = [
    var.tenants,
  ]

  variables {
    tenants = [
      { id = "one", bankId = 1, name = "One", datasets = [] },
      { id = "two", bankId = 1, name = "Two", datasets = [] },
    ]
  }
}

run "rejects_tenants_whose_bucket_has_too_long_a_name" {
  command = plan
  expect_failures = [
    var.tenants,
  ]

  variables {
    stage   = "preproduct"
    tenants = [{ id = "a-name-of-twenty-letters", bankId = 1, name = "One", datasets = [] }]
  }
}

run "rejects_principals_of_an_unknown_tenant" {
  command = plan
  expect_failures = [
    var.analyst_principals, var.raw_principals,
  ]

  variables {
    analyst_principals = { nobody = ["210987654321"] }
    raw_principals     = { nobody = ["210987654321"] }
  }
}
