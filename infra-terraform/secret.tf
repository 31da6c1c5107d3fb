# Rotates the database password with the function that AWS publishes for it. The secret itself is in kept/.

locals {
  rotates = var.rotation_days != null
}

resource "aws_serverlessapplicationrepository_cloudformation_stack" "rotation" {
  count = local.rotates ? 1 : 0

  name = "${local.name}-rotation"
  # AWS publishes it in this account and region for all regions of the aws partition.
  application_id = "arn:aws:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerRDSPostgreSQLRotationSingleUser"
  capabilities   = ["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"]

  parameters = {
    functionName        = "${local.name}-rotation"
    endpoint            = "https://secretsmanager.${local.region}.${data.aws_partition.current.dns_suffix}"
    kmsKeyArn           = module.kept.key_arn
    vpcSubnetIds        = join(",", var.private_subnet_ids)
    vpcSecurityGroupIds = local.client_ids["lambda"]
    # Characters with a special meaning in JDBC URLs or shells.
    excludeCharacters = " %+~`#$&*()|[]{}:;<>?!'/@\"\\"
  }
}

resource "aws_secretsmanager_secret_rotation" "database" {
  count = local.rotates ? 1 : 0

  secret_id           = module.kept.secret_arn
  rotation_lambda_arn = aws_serverlessapplicationrepository_cloudformation_stack.rotation[0].outputs["RotationLambdaARN"]

  rotation_rules {
    automatically_after_days = var.rotation_days
  }

  # Creating this resource rotates the password at once, which needs network access to the database.
  depends_on = [
    aws_vpc_security_group_ingress_rule.database,
    aws_vpc_security_group_egress_rule.database,
    aws_vpc_security_group_egress_rule.endpoints,
    aws_vpc_security_group_ingress_rule.endpoints,
    aws_vpc_security_group_egress_rule.https,
    aws_vpc_endpoint.interface,
  ]
}
