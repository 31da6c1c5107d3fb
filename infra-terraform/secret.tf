# Rotates the database password with the function `rotate` of serverless.yml. The secret itself is in kept/.

locals {
  rotates = var.rotation_days != null
}

# serverless.yml allows Secrets Manager to invoke the function. Creating this resource rotates the password at once, so
# the function must have been deployed and the secret must have a value.
resource "aws_secretsmanager_secret_rotation" "database" {
  count = local.rotates ? 1 : 0

  secret_id           = module.kept.secret_arn
  rotation_lambda_arn = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.functions["rotate"]}"

  rotation_rules {
    automatically_after_days = var.rotation_days
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
