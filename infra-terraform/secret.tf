# Rotates the database passwords with the function `rotate` of serverless.yml. The secrets themselves are in kept/.

locals {
  rotates = var.rotation_days != null
  rotated_secrets = merge(
    local.rotates ? { database = { arn = module.kept.secret_arn, days = var.rotation_days } } : {},
    try(var.intake.rotation_days, null) == null ? {} : {
      intake = { arn = module.kept.intake.secret_arn, days = var.intake.rotation_days }
    },
  )
}

# serverless.yml allows Secrets Manager to invoke the function. Creating this resource rotates the password at once, so
# the function must have been deployed and the secret must have a value.
resource "aws_secretsmanager_secret_rotation" "database" {
  for_each = local.rotated_secrets

  secret_id           = each.value.arn
  rotation_lambda_arn = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.functions["rotate"]}"

  rotation_rules {
    automatically_after_days = each.value.days
  }

  # The function needs network access to the database and to Secrets Manager.
  depends_on = [
    aws_vpc_security_group_ingress_rule.database,
    aws_vpc_security_group_egress_rule.database,
    aws_vpc_security_group_egress_rule.endpoints,
    aws_vpc_security_group_ingress_rule.endpoints,
    aws_vpc_security_group_egress_rule.https,
    aws_vpc_endpoint.interface,
  ]
}

moved {
  from = aws_secretsmanager_secret_rotation.database[0]
  to   = aws_secretsmanager_secret_rotation.database["database"]
}
