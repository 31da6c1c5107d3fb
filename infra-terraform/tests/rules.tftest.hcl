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
  notify_emails              = ["data-support@example.com"]
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

run "bucket" {
  command = plan

  module {
    source = "./bucket"
  }

  variables {
    name                    = "a-bucket"
    key_arn                 = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000002"
    noncurrent_version_days = 3650
    writer_arns             = ["arn:aws:iam::123456789012:role/bank-batch-prod-*"]
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "The bucket has no versioning, but manifests name files by version id."
  }

  assert {
    condition = [for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : [
      rule.bucket_key_enabled,
      rule.apply_server_side_encryption_by_default[0].sse_algorithm,
      rule.apply_server_side_encryption_by_default[0].kms_master_key_id,
    ]] == [[true, "aws:kms", var.key_arn]]
    error_message = "The bucket's default encryption is not SSE-KMS with this key and a bucket key."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket could become public."
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.bucket.statement : statement.sid => [
      statement.effect,
      join(" ", statement.actions),
      join(" ", sort([for each in statement.condition : "${each.test} ${each.variable} ${join(",", each.values)}"])),
      ]
      } == {
      TlsOnly                = ["Deny", "s3:*", "Bool aws:SecureTransport false"]
      NoOtherEncryption      = ["Deny", "s3:PutObject", "Null s3:x-amz-server-side-encryption false StringNotEquals s3:x-amz-server-side-encryption-aws-kms-key-id ${var.key_arn}"]
      NoCustomerProvidedKeys = ["Deny", "s3:PutObject", "Null s3:x-amz-server-side-encryption-customer-algorithm false"]
      WritersOnly            = ["Deny", "s3:AbortMultipartUpload s3:DeleteObject s3:PutObject", "ArnNotLike aws:PrincipalArn arn:aws:iam::123456789012:role/bank-batch-prod-*"]
      VersionsStay           = ["Deny", "s3:DeleteObjectVersion", ""]
    }
    error_message = "The bucket policy must deny plain HTTP, other encryption, customer-provided keys, other writers and the deletion of versions, and nothing else."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.bucket.statement :
      [for each in statement.principals : [each.type, tolist(each.identifiers)]] == [["*", tolist(["*"])]]
      && statement.resources == toset(concat(["${aws_s3_bucket.this.arn}/*"], statement.sid == "TlsOnly" ? [aws_s3_bucket.this.arn] : []))
    ])
    error_message = "The bucket policy denies something only to some, or only for some files."
  }

  assert {
    condition = jsonencode({
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => {
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
    condition     = aws_s3_bucket_notification.this.eventbridge
    error_message = "The bucket sends no events to EventBridge."
  }

  assert {
    condition     = length(aws_s3_bucket_object_lock_configuration.this) == 0
    error_message = "Object Lock is on without being asked for, and can't be taken back."
  }
}

run "bucket_with_options" {
  command = plan

  module {
    source = "./bucket"
  }

  variables {
    name                    = "a-bucket"
    key_arn                 = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000002"
    noncurrent_version_days = 30
    writer_arns             = ["arn:aws:iam::123456789012:role/writer"]
    folder_writer_arns      = { "athena-results/" = ["arn:aws:iam::123456789012:role/analyst"] }
    remover_arns            = ["arn:aws:iam::123456789012:role/remover"]
    expiration_days         = { "athena-results/" = 30 }
    object_lock             = { mode = "COMPLIANCE", days = 3650 }
  }

  assert {
    condition = (
      one(aws_s3_bucket_object_lock_configuration.this[0].rule[0].default_retention).mode == "COMPLIANCE"
      && one(aws_s3_bucket_object_lock_configuration.this[0].rule[0].default_retention).days == 3650
    )
    error_message = "The retention is not the configured one."
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.bucket.statement : statement.sid => [
      join(" ", coalesce(statement.resources, [])),
      join(" ", coalesce(statement.not_resources, [])),
      join(" ", flatten([for each in statement.condition : [each.test, each.variable, tolist(each.values)]])),
      ] if statement.sid != "TlsOnly" && !startswith(statement.sid, "No")
      } == {
      WritersOnly                = ["", "${aws_s3_bucket.this.arn}/athena-results/*", "ArnNotLike aws:PrincipalArn arn:aws:iam::123456789012:role/writer"]
      WritersOnlyInAthenaResults = ["${aws_s3_bucket.this.arn}/athena-results/*", "", "ArnNotLike aws:PrincipalArn arn:aws:iam::123456789012:role/analyst"]
      VersionsStay               = ["${aws_s3_bucket.this.arn}/*", "", "ArnNotLike aws:PrincipalArn arn:aws:iam::123456789012:role/remover"]
    }
    error_message = "Somebody else can write to a folder or delete versions."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : [one(rule.filter).prefix, one(rule.expiration).days] if length(rule.expiration) > 0] == [["athena-results/", 30]]
    error_message = "A folder does not expire, or another one does."
  }
}

run "kept" {
  command = plan

  module {
    source = "./kept"
  }

  variables {
    name                    = "bank-batch-prod"
    regional_name           = "bank-batch-prod-eu-west-1"
    folders                 = ["", "loan_detail/"]
    noncurrent_version_days = 3650
    writer_arns             = ["arn:aws:iam::123456789012:role/bank-batch-prod-*"]
  }

  assert {
    condition = (
      length(data.aws_iam_policy_document.readers.statement) == 0
      && [for statement in data.aws_iam_policy_document.key.statement : statement.sid] == ["Account", "Alarms", "Events", "Logs"]
    )
    error_message = "By default, other principals may read files or use the key."
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.key.statement : statement.sid => [
        join(" ", flatten([for each in statement.principals : tolist(each.identifiers)])),
        join(" ", flatten([for each in statement.condition : [each.test, each.variable, tolist(each.values)]])),
      ] if contains(["Alarms", "Events"], statement.sid)
      } == {
      Alarms = ["cloudwatch.amazonaws.com", "StringEquals aws:SourceAccount 123456789012"]
      Events = ["events.amazonaws.com", "ArnEquals kms:EncryptionContext:aws:sns:topicArn arn:aws:sns:eu-west-1:123456789012:bank-batch-prod-notify"]
    }
    error_message = "An alarm or a rule can't publish to the encrypted topic for people, or may use the key for something else."
  }

  assert {
    condition = (
      length(aws_s3_bucket_replication_configuration.extracts) + length(aws_s3_bucket.logs)
      + length(aws_s3_bucket_logging.extracts) + length(aws_cloudtrail.files) == 0
    )
    error_message = "An option is on that nobody asked for."
  }

  assert {
    condition     = module.extracts.name == "bank-batch-prod-eu-west-1-extracts-123456789012"
    error_message = "The bucket's name does not contain stage, region and account."
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

run "readers" {
  command = plan

  module {
    source = "./kept"
  }

  variables {
    name                    = "bank-batch-prod"
    regional_name           = "bank-batch-prod-eu-west-1"
    folders                 = ["", "loan_detail/"]
    noncurrent_version_days = 3650
    writer_arns             = []
    readers = {
      warehouse = { principals = ["210987654321"] }
      one       = { principals = ["arn:aws:iam::310987654321:role/files"], banks = ["FirstNational"] }
      both      = { principals = ["410987654321"], banks = ["FirstNational"], manifests = true }
    }
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.readers.statement : statement.sid => sort(statement.resources)
      if startswith(statement.sid, "Read")
      } == {
      Readwarehouse = tolist(["${module.extracts.arn}/*"])
      Readone       = tolist(["${module.extracts.arn}/FirstNational/*", "${module.extracts.arn}/loan_detail/FirstNational/*"])
      Readboth = tolist([
        "${module.extracts.arn}/FirstNational/*", "${module.extracts.arn}/_manifests/*",
        "${module.extracts.arn}/loan_detail/FirstNational/*", "${module.extracts.arn}/loan_detail/_manifests/*",
      ])
    }
    error_message = "A reader may read other files than those of its banks."
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.readers.statement : statement.sid => join(" ", sort(flatten([for each in statement.condition : tolist(each.values)])))
      if startswith(statement.sid, "List")
      } == {
      Listwarehouse = ""
      Listone       = "FirstNational/* loan_detail/FirstNational/*"
      Listboth      = "FirstNational/* _manifests/* loan_detail/FirstNational/* loan_detail/_manifests/*"
    }
    error_message = "A reader can't list its files, or sees the names of others."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.readers.statement :
      coalesce(statement.effect, "Allow") == "Allow" && length(setsubtract(statement.actions, ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"])) == 0
    ])
    error_message = "A reader may do more than list and read."
  }

  assert {
    condition = one([
      for statement in data.aws_iam_policy_document.key.statement : {
        actions    = join(" ", statement.actions)
        principals = join(" ", sort(flatten([for each in statement.principals : tolist(each.identifiers)])))
        condition  = join(" ", flatten([for each in statement.condition : [each.test, each.variable, tolist(each.values)]]))
      } if statement.sid == "Readers"
      ]) == {
      actions    = "kms:Decrypt"
      principals = "arn:aws:iam::210987654321:root arn:aws:iam::310987654321:role/files arn:aws:iam::410987654321:root"
      condition  = "StringEquals kms:ViaService s3.eu-west-1.amazonaws.com"
    }
    error_message = "A reader can't decrypt files, or may use the key for something else."
  }
}

run "retention" {
  command = plan

  module {
    source = "./kept"
  }

  variables {
    name                    = "bank-batch-prod"
    regional_name           = "bank-batch-prod-eu-west-1"
    folders                 = [""]
    noncurrent_version_days = 3650
    writer_arns             = []
    object_lock             = { mode = "COMPLIANCE", days = 3650 }
    log_access              = true
    log_data_events         = true
    replication = {
      bucket_arn = "arn:aws:s3:::copies"
      key_arn    = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000001"
      region     = "eu-central-1"
    }
  }

  assert {
    condition = (
      one(aws_s3_bucket_replication_configuration.extracts[0].rule[0].destination).bucket == "arn:aws:s3:::copies"
      && one(one(aws_s3_bucket_replication_configuration.extracts[0].rule[0].source_selection_criteria).sse_kms_encrypted_objects).status == "Enabled"
    )
    error_message = "Encrypted files are not copied to the other region."
  }

  assert {
    condition     = aws_s3_bucket_logging.extracts[0].target_bucket == aws_s3_bucket.logs[0].id && aws_cloudtrail.files[0].enable_log_file_validation
    error_message = "Nobody finds out who wrote a file."
  }
}

run "everything" {
  command = plan

  assert {
    condition = toset(keys(aws_ssm_parameter.handover)) == toset([
      "database-secret-arn", "extracts-bucket", "extracts-key-arn", "notify-topic-arn", "notify-dead-letter-queue-arn",
      "announce-topic-arn", "lambda-security-group-id", "private-subnet-ids", "master-secret-arn", "master-secret-key-arn",
      "intake-database-secret-arn", "intake-key-arn", "intake-bucket", "intake-topic-arn", "permissions-boundary-arn",
    ])
    error_message = "The parameters are not the ones that serverless.yml and serverless.lake.yml read."
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
      ["email", "data-support@example.com"]
    ]
    error_message = "Support gets no e-mail."
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

  # Options

  assert {
    condition = (
      length(aws_glue_job.extract) + length(aws_glue_crawler.source) + length(aws_glue_connection.ods) + length(aws_iam_role.glue) == 0
      && keys(aws_security_group.client) == ["lambda"]
    )
    error_message = "By default, there is a Glue job or a crawler, or a group for them."
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
    ])
    error_message = "Access to the database is not limited to the extract, in both directions, on its port."
  }

  assert {
    condition     = aws_ssm_parameter.handover["lambda-security-group-id"].value == "sg-00000000000000001"
    error_message = "The Lambda gets another security group than the one that may connect."
  }

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.https) == 0 && keys(aws_vpc_endpoint.interface) == ["secretsmanager"] && length(aws_vpc_endpoint.s3) == 1
    error_message = "By default, traffic can leave by other ways than the endpoints of S3 and Secrets Manager."
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.endpoints : "${rule.cidr_ipv4} ${rule.from_port}-${rule.to_port}"] == ["10.0.0.0/16 443-443"]
    error_message = "The endpoints' private DNS names lead other programs in the VPC to interfaces that do not admit them."
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
    condition = one([
      for query in aws_cloudwatch_metric_alarm.month_missing[0].metric_query : one(query.metric).dimensions if query.id == "age"
    ]) == tomap({ service = "bank-batch", stage = "prod", extract = "loan_moving_average" })
    error_message = "The alarm for a missing month looks at another stage, or at nothing."
  }

  assert {
    condition = alltrue([
      for alarm in concat(
        values(aws_cloudwatch_metric_alarm.dropped), values(aws_cloudwatch_metric_alarm.undelivered),
        aws_cloudwatch_metric_alarm.month_missing,
        [aws_cloudwatch_metric_alarm.announcement_failed, aws_cloudwatch_metric_alarm.notify_failed],
      ) : alarm.alarm_actions == toset([aws_sns_topic.notify.arn])
    ])
    error_message = "An alarm notifies nobody."
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

run "glue" {
  command = plan

  variables {
    create_glue_job  = true
    create_crawler   = true
    database_host    = "ods.cluster-abc.eu-west-1.rds.amazonaws.com"
    database_ca_file = "tests/authority.pem"
    vpc_endpoints    = ["s3", "secretsmanager", "glue", "logs", "monitoring"]
  }

  assert {
    condition = (
      aws_glue_connection.ods[0].connection_properties["SECRET_ID"] == module.kept.secret_arn
      && length(setintersection(keys(aws_glue_connection.ods[0].connection_properties), ["USERNAME", "PASSWORD"])) == 0
      && aws_glue_connection.ods[0].connection_properties["JDBC_CONNECTION_URL"] == "jdbc:postgresql://ods.cluster-abc.eu-west-1.rds.amazonaws.com:5432/ods"
      && aws_glue_connection.ods[0].connection_properties["JDBC_ENFORCE_SSL"] == "true"
    )
    error_message = "The connection contains credentials, does not name the secret or does not require TLS."
  }

  assert {
    condition = (
      aws_glue_crawler.source[0].schedule == "cron(1 0 1 * ? *)"
      && aws_glue_crawler.source[0].jdbc_target[0].path == "ods/public/%"
    )
    error_message = "The crawler does not run over the source on the first of the month at 00:01 UTC."
  }

  assert {
    condition = (
      aws_glue_job.extract[0].glue_version == "5.0"
      && endswith(aws_glue_job.extract[0].command[0].script_location, "/glue/loan_moving_average.py")
    )
    error_message = "The job does not run this project's script on Glue 5.0."
  }

  assert {
    condition = (
      aws_glue_job.extract[0].default_arguments["--ca-file"] == "authority.pem"
      && contains(keys(aws_s3_object.glue), "glue/authority.pem")
    )
    error_message = "The job can't verify the database's certificate."
  }

  assert {
    condition = toset([for file in keys(aws_s3_object.glue) : file]) == setunion(
      ["glue/loan_moving_average.py"],
      [for file in split(",", aws_glue_job.extract[0].default_arguments["--extra-files"]) : "glue/${basename(file)}"],
    )
    error_message = "The uploaded files are not the ones that the job reads."
  }

  assert {
    condition = { for name, rule in aws_cloudwatch_event_rule.glue_failed : name => jsondecode(rule.event_pattern) } == {
      job = {
        source        = ["aws.glue"]
        "detail-type" = ["Glue Job State Change"]
        detail        = { jobName = ["bank-batch-prod-loan-moving-average"], state = ["FAILED", "TIMEOUT", "ERROR"] }
      }
      crawler = {
        source        = ["aws.glue"]
        "detail-type" = ["Glue Crawler State Change"]
        detail        = { crawlerName = ["bank-batch-prod-source"], state = ["Failed"] }
      }
    }
    error_message = "A failure of the job or the crawler is not noticed."
  }

  assert {
    condition = alltrue([for target in aws_cloudwatch_event_target.glue_failed : target.arn == aws_sns_topic.notify.arn]) && [
      for statement in data.aws_iam_policy_document.topic["notify"].statement : statement.sid
    ] == ["TlsOnly", "Events", "Alarms"]
    error_message = "A failure of the job or the crawler is reported to nobody."
  }

  assert {
    condition = { for name, target in aws_cloudwatch_event_target.glue_failed : name => target.input_transformer[0].input_template } == {
      job     = "\"The Glue job bank-batch-prod-loan-moving-average ended with <state>: <reason>\""
      crawler = "\"The crawler bank-batch-prod-source ended with <state>: <reason>\""
    }
    error_message = "The message about a failure does not have the placeholders that EventBridge replaces."
  }

  assert {
    condition = alltrue([
      for group in aws_cloudwatch_log_group.glue_job :
      group.retention_in_days == 400 && startswith(group.name, aws_glue_job.extract[0].default_arguments["--custom-logGroup-prefix"])
    ])
    error_message = "The job's logs never expire, or are in other groups."
  }

  assert {
    condition = sort([for rule in aws_vpc_security_group_ingress_rule.database : rule.referenced_security_group_id]) == tolist([
      "sg-00000000000000001", "sg-00000000000000002",
    ])
    error_message = "Glue can't reach the database."
  }

  # Permissions

  assert {
    condition = toset(flatten([
      for document in concat(data.aws_iam_policy_document.glue_connection, data.aws_iam_policy_document.glue_crawler, data.aws_iam_policy_document.glue_job) : [
        for statement in document.statement : statement.sid if contains(statement.resources, "*")
      ]
    ])) == toset(["LookAtNetwork", "Measure"])
    error_message = "A statement covers all resources although AWS supports narrower ones."
  }

  assert {
    condition = length(flatten([
      for document in concat(data.aws_iam_policy_document.glue_connection, data.aws_iam_policy_document.glue_crawler, data.aws_iam_policy_document.glue_job) : [
        for statement in document.statement : [for action in statement.actions : action if strcontains(action, "*")]
      ]
    ])) == 0
    error_message = "A statement contains a wildcard action."
  }
}

run "rotation" {
  command = plan

  variables {
    rotation_days = 30
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.database["database"].rotation_rules[0].automatically_after_days == 30
    error_message = "The rotation interval is not the configured one."
  }

  assert {
    condition     = endswith(aws_secretsmanager_secret_rotation.database["database"].rotation_lambda_arn, ":function:bank-batch-prod-rotate")
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
    condition     = keys(aws_vpc_security_group_egress_rule.https) == ["lambda 0.0.0.0/0"]
    error_message = "Secrets Manager can't be reached through the NAT gateway."
  }
}

run "second_stage_in_the_network" {
  command = plan

  variables {
    stage                    = "test"
    vpc_endpoints            = []
    private_route_table_ids  = []
    https_egress_cidr_blocks = ["10.0.0.0/16"]
    create_database_rules    = false
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) + length(aws_vpc_endpoint.s3) + length(aws_security_group.endpoints) == 0
    error_message = "A second stage wants endpoints that the network has already."
  }

  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.https) == ["lambda 10.0.0.0/16"]
    error_message = "A second stage can't reach the endpoints of the first."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.database) == 0 && output.client_security_group_ids == { lambda = "sg-00000000000000001" }
    error_message = "The owner of the database's group does not learn whom to admit."
  }
}

run "others" {
  command = plan

  variables {
    subscriber_principals    = ["210987654321"]
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    tags                     = { costCentre = "42" }
    create_athena            = false
    create_dashboard         = false
    sftp = {
      public_keys   = { FirstNational = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"] }
      allowed_cidrs = ["203.0.113.0/24"]
    }
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.topic["announce"].statement : [
        statement.sid, join(" ", statement.actions), join(" ", flatten([for each in statement.principals : tolist(each.identifiers)]))
      ]
    ] == [["TlsOnly", "sns:Publish", "*"], ["Subscribers", "sns:Subscribe", "arn:aws:iam::210987654321:root"]]
    error_message = "Another account can't subscribe to the topic for machines, or may do more."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.sftp_bank : role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "A role has no permissions boundary."
  }

  assert {
    condition     = aws_sns_topic.notify.tags == tomap({ costCentre = "42" }) && aws_security_group.client["lambda"].tags["costCentre"] == "42"
    error_message = "A resource does not have the tags."
  }

  assert {
    condition     = length(aws_s3_bucket.artifacts) + length(aws_athena_workgroup.extracts) + length(aws_glue_catalog_table.extract) + length(aws_cloudwatch_dashboard.stage) == 0
    error_message = "An option that is off is there."
  }
}

run "sftp" {
  command = plan

  variables {
    sftp = {
      public_keys = {
        FirstNational = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA someone@bank", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAC"]
        ŁódźBank      = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAB"]
      }
      allowed_cidrs = ["203.0.113.0/24"]
    }
  }

  assert {
    condition = {
      for bank, user in aws_transfer_user.bank : user.user_name => { for folder in user.home_directory_mappings : folder.entry => folder.target }
      } == {
      FirstNational = {
        "/loan_moving_average" = "/${module.kept.extracts_bucket.name}/FirstNational"
        "/loan_detail"         = "/${module.kept.extracts_bucket.name}/loan_detail/FirstNational"
      }
      __d_Bank = {
        "/loan_moving_average" = "/${module.kept.extracts_bucket.name}/ŁódźBank"
        "/loan_detail"         = "/${module.kept.extracts_bucket.name}/loan_detail/ŁódźBank"
      }
    }
    error_message = "A user sees other folders than those of its bank."
  }

  assert {
    condition     = { for bank, role in aws_iam_role.sftp_bank : bank => role.tags["bank"] } == { FirstNational = "FirstNational", ŁódźBank = "ŁódźBank" }
    error_message = "The policy takes the bank's name from the role's tag, which has another."
  }

  assert {
    condition = sort([for key in aws_transfer_ssh_key.bank : "${key.user_name} ${key.body}"]) == sort([
      "FirstNational ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA someone@bank",
      "FirstNational ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAC",
      "__d_Bank ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAB",
    ])
    error_message = "A bank can't have two keys while it replaces one."
  }

  assert {
    condition = (
      toset(flatten(data.aws_iam_policy_document.sftp_bank[0].statement[*].actions)) == toset(["s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject", "kms:Decrypt"])
      && toset(flatten([for each in data.aws_iam_policy_document.sftp_bank[0].statement[0].condition : tolist(each.values)])) == toset([
        "$${aws:PrincipalTag/bank}", "$${aws:PrincipalTag/bank}/*", "loan_detail/$${aws:PrincipalTag/bank}", "loan_detail/$${aws:PrincipalTag/bank}/*",
      ])
      && data.aws_iam_policy_document.sftp_bank[0].statement[2].resources == toset([
        "${module.kept.extracts_bucket.arn}/$${aws:PrincipalTag/bank}/*", "${module.kept.extracts_bucket.arn}/loan_detail/$${aws:PrincipalTag/bank}/*",
      ])
    )
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
      public_keys       = { FirstNational = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"] }
      allowed_cidrs     = ["203.0.113.0/24"]
      public_subnet_ids = ["subnet-0123456789abcdef2"]
      manifests         = true
    }
  }

  assert {
    condition = { for folder in aws_transfer_user.bank["FirstNational"].home_directory_mappings : folder.entry => folder.target if startswith(folder.entry, "/manifests") } == {
      "/manifests/loan_moving_average" = "/${module.kept.extracts_bucket.name}/_manifests"
      "/manifests/loan_detail"         = "/${module.kept.extracts_bucket.name}/loan_detail/_manifests"
    }
    error_message = "A bank does not see the manifests, although it should."
  }

  assert {
    condition = (
      length(aws_eip.sftp) == 1
      && aws_transfer_server.sftp[0].endpoint_details[0].subnet_ids == toset(["subnet-0123456789abcdef2"])
    )
    error_message = "The internet-facing server does not have an Elastic IP address for each subnet."
  }
}

run "replica" {
  command = plan

  module {
    source = "./replica"
  }

  variables {
    stage       = "prod"
    object_lock = { mode = "GOVERNANCE", days = 30 }
  }

  assert {
    condition = (
      aws_s3_bucket_versioning.replica.versioning_configuration[0].status == "Enabled"
      && one(aws_s3_bucket_object_lock_configuration.replica[0].rule[0].default_retention).days == 30
      && one(one(aws_s3_bucket_server_side_encryption_configuration.replica.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.replica.arn
    )
    error_message = "The copies are less protected than the files."
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.replica.statement : statement.sid => "${statement.effect} ${join(" ", statement.actions)}" } == {
      TlsOnly         = "Deny s3:*"
      ReplicationOnly = "Deny s3:DeleteObject s3:DeleteObjectVersion s3:PutObject"
    }
    error_message = "Something else than S3's replication can write copies."
  }
}

run "github" {
  command = plan

  module {
    source = "./github"
  }

  variables {
    stage        = "prod"
    repository   = "owner/bank-batch"
    state_bucket = "states"
  }

  assert {
    condition = {
      for role, document in data.aws_iam_policy_document.assume : role => sort([
        for each in document.statement[0].condition : "${each.test} ${each.variable} ${join(" ", each.values)}"
      ])
      } == {
      for role, environment in { deploy = "prod", plan = "prod-plan" } : role => tolist([
        "StringEquals token.actions.githubusercontent.com:aud sts.amazonaws.com",
        "StringEquals token.actions.githubusercontent.com:sub repo:owner/bank-batch:environment:${environment}",
      ])
    }
    error_message = "Other repositories, branches or environments can assume a role, or its own can't."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.deploy.statement :
      contains(["Look", "EventSources", "EventSourceTags"], statement.sid) || alltrue([for resource in statement.resources : strcontains(resource, "bank-batch")])
    ])
    error_message = "The deployment may change other things than those of this project."
  }

  assert {
    condition = toset(flatten([for statement in data.aws_iam_policy_document.plan.statement : statement.actions if statement.effect == "Deny"])) == toset([
      "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartLiveTail", "logs:StartQuery",
      "s3:GetObject", "s3:GetObjectVersion", "secretsmanager:GetSecretValue",
    ])
    error_message = "A plan may read files, logs or the secret."
  }

  assert {
    condition     = !startswith(aws_iam_role.deploy.name, "bank-batch-") && !startswith(aws_iam_role.plan.name, "bank-batch-")
    error_message = "The bucket admits the role as a writer, by its name."
  }
}
