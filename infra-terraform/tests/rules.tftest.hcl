# Tests of the plan. AWS is mocked, so they need no account and no network.

mock_provider "aws" {
  source = "./tests/mocks"
  # A plan then knows all values, so no test needs an apply. A test could not destroy what is kept.
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
  expects_every_month        = true
}

override_resource {
  target          = aws_security_group.client["lambda"]
  override_during = plan
  values          = { id = "sg-00000000000000001" }
}

override_resource {
  target          = aws_security_group.client["glue"]
  override_during = plan
  values          = { id = "sg-00000000000000002" }
}

run "kept" {
  command = plan

  module {
    source = "./kept"
  }

  variables {
    name                    = "bank-batch-prod"
    noncurrent_version_days = 3650
  }

  assert {
    condition     = aws_s3_bucket_versioning.extracts.versioning_configuration[0].status == "Enabled"
    error_message = "The bucket has no versioning, but manifests name files by version id."
  }

  assert {
    condition = [for rule in aws_s3_bucket_server_side_encryption_configuration.extracts.rule : [
      rule.bucket_key_enabled,
      rule.apply_server_side_encryption_by_default[0].sse_algorithm,
      rule.apply_server_side_encryption_by_default[0].kms_master_key_id,
    ]] == [[true, "aws:kms", aws_kms_key.extracts.arn]]
    error_message = "The bucket's default encryption is not SSE-KMS with this key and a bucket key."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.extracts.block_public_acls,
      aws_s3_bucket_public_access_block.extracts.block_public_policy,
      aws_s3_bucket_public_access_block.extracts.ignore_public_acls,
      aws_s3_bucket_public_access_block.extracts.restrict_public_buckets,
    ])
    error_message = "The bucket could become public."
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.extracts.statement : statement.sid => [
      statement.effect,
      join(" ", statement.actions),
      join(" ", sort([for each in statement.condition : "${each.test} ${each.variable} ${join(",", each.values)}"])),
      ]
      } == {
      TlsOnly                = ["Deny", "s3:*", "Bool aws:SecureTransport false"]
      NoOtherEncryption      = ["Deny", "s3:PutObject", "Null s3:x-amz-server-side-encryption false StringNotEquals s3:x-amz-server-side-encryption-aws-kms-key-id ${aws_kms_key.extracts.arn}"]
      NoCustomerProvidedKeys = ["Deny", "s3:PutObject", "Null s3:x-amz-server-side-encryption-customer-algorithm false"]
    }
    error_message = "The bucket policy must deny plain HTTP, other encryption and customer-provided keys, and nothing else."
  }

  assert {
    condition = jsonencode({
      for rule in aws_s3_bucket_lifecycle_configuration.extracts.rule : rule.id => {
        status  = rule.status
        current = length(rule.expiration)
        old     = one(rule.noncurrent_version_expiration[*].noncurrent_days)
        uploads = one(rule.abort_incomplete_multipart_upload[*].days_after_initiation)
      }
      }) == jsonencode({
      abort-uploads-left-open  = { status = "Enabled", current = 0, old = null, uploads = 7 }
      expire-replaced-versions = { status = "Enabled", current = 0, old = 3650, uploads = null }
    })
    error_message = "The lifecycle must delete old uploads and replaced versions, and nothing else: published files never expire."
  }

  assert {
    condition     = aws_s3_bucket_notification.extracts.eventbridge
    error_message = "The bucket sends no events to EventBridge."
  }

  assert {
    condition     = aws_kms_key.extracts.enable_key_rotation && aws_kms_key.extracts.deletion_window_in_days == 30
    error_message = "The key does not rotate, or could be deleted within 30 days."
  }

  assert {
    condition     = aws_secretsmanager_secret.database.kms_key_id == aws_kms_key.extracts.arn
    error_message = "The secret is encrypted with another key than the one that the functions' role may use."
  }
}

run "everything" {
  command = plan

  assert {
    condition = toset(keys(aws_ssm_parameter.handover)) == toset([
      "database-secret-arn", "extracts-bucket", "extracts-key-arn", "notify-topic-arn", "announce-topic-arn",
      "lambda-security-group-id", "private-subnet-ids", "master-secret-arn", "master-secret-key-arn",
    ])
    error_message = "The parameters are not the ones that serverless.yml reads."
  }

  assert {
    condition = alltrue([
      for key, parameter in aws_ssm_parameter.handover :
      parameter.name == "/bank-batch/prod/${key}" && parameter.type == "String"
    ])
    error_message = "A parameter does not have the name or the type that serverless.yml expects."
  }

  assert {
    condition     = aws_ssm_parameter.handover["private-subnet-ids"].value == "subnet-0123456789abcdef0,subnet-0123456789abcdef1"
    error_message = "The subnet ids are not separated by commas, as serverless.yml expects."
  }

  # Topics

  assert {
    condition     = aws_sns_topic.notify.kms_master_key_id == module.kept.key_arn && aws_sns_topic.announce.kms_master_key_id == module.kept.key_arn
    error_message = "A topic is not encrypted with the key that the functions may use."
  }

  assert {
    condition = [for subscription in aws_sns_topic_subscription.people : [subscription.protocol, subscription.endpoint]] == [
      ["email", "data-support@mybigbank.co.za"]
    ]
    error_message = "By default, support gets no e-mail."
  }

  assert {
    condition = {
      for topic, policy in data.aws_iam_policy_document.topic : topic => [
        for statement in policy.statement : statement.sid
      ]
    } == { announce = ["TlsOnly"], notify = ["TlsOnly", "Alarms"] }
    error_message = "Alarms can't publish to the topic for people, or a service can publish to the topic for machines."
  }

  # Secret

  assert {
    condition     = length(aws_secretsmanager_secret_rotation.database) == 0
    error_message = "By default, the rotation is on before the secret has a value."
  }

  # Glue

  assert {
    condition = (
      aws_glue_connection.ods.connection_properties["SECRET_ID"] == module.kept.secret_arn
      && length(setintersection(keys(aws_glue_connection.ods.connection_properties), ["USERNAME", "PASSWORD"])) == 0
      && aws_glue_connection.ods.connection_properties["JDBC_CONNECTION_URL"] == "jdbc:postgresql://ods.example.com:5432/ods"
      && aws_glue_connection.ods.connection_properties["JDBC_ENFORCE_SSL"] == "true"
    )
    error_message = "The connection contains credentials, does not name the secret or does not require TLS."
  }

  assert {
    condition = (
      aws_glue_crawler.source.schedule == "cron(1 0 1 * ? *)"
      && aws_glue_crawler.source.jdbc_target[0].path == "ods/public/%"
    )
    error_message = "The crawler does not run over the source on the first of the month at 00:01 UTC."
  }

  assert {
    condition = (
      aws_glue_job.extract.glue_version == "5.0"
      && endswith(aws_glue_job.extract.command[0].script_location, "/glue/loan_moving_average.py")
    )
    error_message = "The job does not run this project's script on Glue 5.0."
  }

  assert {
    condition = toset([for file in keys(aws_s3_object.glue) : file]) == setunion(
      ["glue/loan_moving_average.py"],
      [for file in split(",", aws_glue_job.extract.default_arguments["--extra-files"]) : "glue/${basename(file)}"],
    )
    error_message = "The uploaded files are not the ones that the job reads."
  }

  # Catalog

  assert {
    condition = {
      for name, table in aws_glue_catalog_table.extract : name => table.parameters["storage.location.template"]
      } == {
      loan_moving_average = "s3://${module.kept.extracts_bucket.name}/$${bank}/$${year_month}/"
      loan_detail         = "s3://${module.kept.extracts_bucket.name}/loan_detail/$${bank}/$${year_month}/"
    }
    error_message = "Athena looks for files in the wrong location."
  }

  assert {
    condition = alltrue(flatten([
      for table in aws_glue_catalog_table.extract : [
        table.parameters["skip.header.line.count"] == "1",
        table.parameters["projection.enabled"] == "true",
        table.parameters["projection.year_month.format"] == "yyyy/MM",
        [for key in table.partition_keys : key.name] == ["bank", "year_month"],
        length(setintersection([for key in table.partition_keys : key.name], [for column in table.storage_descriptor[0].columns : column.name])) == 0,
        [for column in table.storage_descriptor[0].columns : column.type if column.type != "string"] == [],
      ]
    ]))
    error_message = "A table does not skip the header, does not compute its partitions, has a column with the name of a partition key or a column that is not a string."
  }

  # Network

  assert {
    condition = sort(concat(
      [for rule in aws_vpc_security_group_egress_rule.database : "${rule.security_group_id} ${rule.referenced_security_group_id} ${rule.from_port}-${rule.to_port}"],
      [for rule in aws_vpc_security_group_ingress_rule.database : "${rule.referenced_security_group_id} ${rule.security_group_id} ${rule.from_port}-${rule.to_port}"],
      )) == tolist([
      "sg-00000000000000001 sg-0123456789abcdef0 5432-5432",
      "sg-00000000000000001 sg-0123456789abcdef0 5432-5432",
      "sg-00000000000000002 sg-0123456789abcdef0 5432-5432",
      "sg-00000000000000002 sg-0123456789abcdef0 5432-5432",
    ])
    error_message = "Access to the database is not limited to the extract and Glue, in both directions, on its port."
  }

  assert {
    condition     = aws_ssm_parameter.handover["lambda-security-group-id"].value == "sg-00000000000000001"
    error_message = "The Lambda gets another security group than the one that may connect."
  }

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.https) == 0 && keys(aws_vpc_endpoint.interface) == ["secretsmanager"] && length(aws_vpc_endpoint.s3) == 1
    error_message = "By default, traffic can leave by other ways than the endpoints of S3 and Secrets Manager."
  }

  # Alarms

  assert {
    condition = sort(concat(
      [for alarm in aws_cloudwatch_metric_alarm.dropped : "${alarm.metric_name} ${alarm.dimensions["FunctionName"]}"],
      [for alarm in aws_cloudwatch_metric_alarm.undelivered : "${alarm.metric_name} ${alarm.dimensions["FunctionName"]}"],
      )) == sort([
      "AsyncEventsDropped bank-batch-prod-announce",
      "AsyncEventsDropped bank-batch-prod-extract",
      "AsyncEventsDropped bank-batch-prod-notify",
      "AsyncEventsDropped bank-batch-prod-verify",
      "DestinationDeliveryFailures bank-batch-prod-announce",
      "DestinationDeliveryFailures bank-batch-prod-extract",
      "DestinationDeliveryFailures bank-batch-prod-verify",
    ])
    error_message = "No alarm reports the failure of a function."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.month_missing[0].treat_missing_data == "breaching"
      && aws_cloudwatch_metric_alarm.month_missing[0].dimensions == tomap({ service = "bank-batch", extract = "loan_moving_average" })
    )
    error_message = "No alarm reports a month without data."
  }

  assert {
    condition = alltrue([
      for alarm in concat(
        values(aws_cloudwatch_metric_alarm.dropped), values(aws_cloudwatch_metric_alarm.undelivered),
        aws_cloudwatch_metric_alarm.month_missing, [aws_cloudwatch_metric_alarm.announcement_failed],
      ) : alarm.alarm_actions == toset([aws_sns_topic.notify.arn])
    ])
    error_message = "An alarm notifies nobody."
  }

  # Permissions

  assert {
    condition = toset(flatten([
      for document in [data.aws_iam_policy_document.glue_connection, data.aws_iam_policy_document.glue_crawler, data.aws_iam_policy_document.glue_job] : [
        for statement in document.statement : statement.sid if contains(statement.resources, "*")
      ]
    ])) == toset(["LookAtNetwork", "Measure"])
    error_message = "A statement covers all resources although AWS supports narrower ones."
  }

  assert {
    condition = length(flatten([
      for document in [data.aws_iam_policy_document.glue_connection, data.aws_iam_policy_document.glue_crawler, data.aws_iam_policy_document.glue_job] : [
        for statement in document.statement : [for action in statement.actions : action if strcontains(action, "*")]
      ]
    ])) == 0
    error_message = "A statement contains a wildcard action."
  }

  assert {
    condition     = length(aws_transfer_server.sftp) == 0 && output.sftp_host == null
    error_message = "By default, there is an SFTP server, which is charged by the hour."
  }
}

run "stage_without_schedules" {
  command = plan

  variables {
    stage               = "dev"
    expects_every_month = false
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.month_missing) == 0
    error_message = "A stage without schedules has an alarm for a missing month."
  }

  assert {
    condition     = aws_ssm_parameter.handover["extracts-bucket"].name == "/bank-batch/dev/extracts-bucket"
    error_message = "Two stages share a parameter."
  }
}

run "rotation" {
  command = plan

  variables {
    rotation_days = 30
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.database[0].rotation_rules[0].automatically_after_days == 30
    error_message = "The rotation interval is not the configured one."
  }

  assert {
    condition     = endswith(aws_secretsmanager_secret_rotation.database[0].rotation_lambda_arn, ":function:bank-batch-prod-rotate")
    error_message = "The secret is not rotated by the function rotate of serverless.yml."
  }

  assert {
    condition = (
      aws_ssm_parameter.handover["master-secret-arn"].value == module.kept.secret_arn
      && aws_ssm_parameter.handover["master-secret-key-arn"].value == module.kept.key_arn
    )
    error_message = "Without a master secret, the function rotate may read another secret or use another key."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.rotation_failed[0].dimensions["FunctionName"] == "bank-batch-prod-rotate"
    error_message = "No alarm reports a failed rotation."
  }
}

run "rotation_of_alternating_users" {
  command = plan

  variables {
    rotation_days = 30
    database_master_secret = {
      arn         = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-abcdef"
      kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111"
    }
  }

  assert {
    condition = (
      aws_ssm_parameter.handover["master-secret-arn"].value == var.database_master_secret.arn
      && aws_ssm_parameter.handover["master-secret-key-arn"].value == var.database_master_secret.kms_key_arn
    )
    error_message = "The function rotate may not read the master secret."
  }
}

run "network_with_a_nat_gateway" {
  command = plan

  variables {
    vpc_endpoints            = []
    private_route_table_ids  = []
    https_egress_cidr_blocks = ["0.0.0.0/0"]
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) + length(aws_vpc_endpoint.s3) + length(aws_security_group.endpoints) == 0
    error_message = "An endpoint is created that is not in vpc_endpoints."
  }

  assert {
    condition     = sort(keys(aws_vpc_security_group_egress_rule.https)) == tolist(["glue 0.0.0.0/0", "lambda 0.0.0.0/0"])
    error_message = "Secrets Manager can't be reached through the NAT gateway."
  }
}

run "sftp" {
  command = plan

  variables {
    sftp = {
      public_keys = {
        FirstNational = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA someone@bank"
        OBrienSöhne   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAB"
      }
      allowed_cidrs = ["203.0.113.0/24"]
    }
  }

  assert {
    condition = { for bank, user in aws_transfer_user.bank : user.user_name => one(user.home_directory_mappings).target } == {
      FirstNational = "/${module.kept.extracts_bucket.name}/FirstNational"
      OBrienS_hne   = "/${module.kept.extracts_bucket.name}/OBrienSöhne"
    }
    error_message = "The root of a user is not the folder of its bank."
  }

  assert {
    condition = alltrue([
      for bank, document in data.aws_iam_policy_document.sftp_bank :
      toset(flatten(document.statement[*].actions)) == toset(["s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject", "kms:Decrypt"])
      && document.statement[0].condition == toset([{ test = "StringLike", variable = "s3:prefix", values = tolist([bank, "${bank}/*"]) }])
      && document.statement[2].resources == toset(["${module.kept.extracts_bucket.arn}/${bank}/*"])
    ])
    error_message = "A bank may do more than list and read its own files."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.sftp_bank : length(role.name) <= 64])
    error_message = "The name of a role is too long."
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.sftp : "${rule.cidr_ipv4} ${rule.from_port}-${rule.to_port}"] == ["203.0.113.0/24 22-22"]
    error_message = "Addresses outside allowed_cidrs may connect."
  }

  assert {
    condition     = aws_transfer_server.sftp[0].endpoint_details[0].address_allocation_ids == null && length(aws_eip.sftp) == 0
    error_message = "The server is internet-facing without public_subnet_ids."
  }
}

run "sftp_facing_the_internet" {
  command = plan

  variables {
    sftp = {
      public_keys       = { FirstNational = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA" }
      allowed_cidrs     = ["203.0.113.0/24"]
      public_subnet_ids = ["subnet-0123456789abcdef2"]
    }
  }

  assert {
    condition = (
      length(aws_eip.sftp) == 1
      && aws_transfer_server.sftp[0].endpoint_details[0].subnet_ids == toset(["subnet-0123456789abcdef2"])
    )
    error_message = "The internet-facing server does not have an Elastic IP address for each subnet."
  }
}
