# Network access: the extract and Glue reach the database, and AWS services through endpoints in the VPC.

locals {
  # Who connects to the database. The rotation shares the Lambda's group because it needs the same access.
  clients = merge(
    { lambda = "Extract and rotation of its secret" },
    local.uses_glue ? { glue = "Glue connection to the database" } : {},
  )
  client_ids = { for name, group in aws_security_group.client : name => group.id }
}

# A replaced group needs another name, because the old one stays until the functions have left it.
resource "aws_security_group" "client" {
  for_each = local.clients

  name_prefix = "${local.name}-${each.key}-"
  description = each.value
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${local.name}-${each.key}" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  for_each = var.create_database_rules ? local.client_ids : {}

  security_group_id            = var.database_security_group_id
  description                  = "PostgreSQL from ${local.name}-${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
  tags                         = var.tags
}

resource "aws_vpc_security_group_egress_rule" "database" {
  for_each = local.client_ids

  security_group_id            = each.value
  description                  = "PostgreSQL"
  referenced_security_group_id = var.database_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
  tags                         = var.tags
}

# Spark's driver and executors talk to each other on any port. Glue rejects a connection whose security groups don't
# allow that.
resource "aws_vpc_security_group_ingress_rule" "glue_itself" {
  count = local.uses_glue ? 1 : 0

  security_group_id            = local.client_ids["glue"]
  description                  = "Spark driver and executors"
  referenced_security_group_id = local.client_ids["glue"]
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
  tags                         = var.tags
}

resource "aws_vpc_security_group_egress_rule" "glue_itself" {
  count = local.uses_glue ? 1 : 0

  security_group_id            = local.client_ids["glue"]
  description                  = "Spark driver and executors"
  referenced_security_group_id = local.client_ids["glue"]
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
  tags                         = var.tags
}

# S3's addresses. The rule is the same with an endpoint and with a NAT gateway.
data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.${local.region}.s3"
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each = local.client_ids

  security_group_id = each.value
  description       = "S3"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.s3.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

locals {
  interface_endpoints = setsubtract(var.vpc_endpoints, ["s3"])
  has_interfaces      = length(local.interface_endpoints) > 0
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  for_each = local.has_interfaces ? local.client_ids : {}

  security_group_id            = each.value
  description                  = "AWS services through the VPC endpoints"
  referenced_security_group_id = aws_security_group.endpoints[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = {
    for pair in setproduct(keys(local.clients), var.https_egress_cidr_blocks) : join(" ", pair) => pair
  }

  security_group_id = local.client_ids[each.value[0]]
  description       = "AWS services outside the endpoints made here"
  cidr_ipv4         = each.value[1]
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

resource "aws_vpc_endpoint" "s3" {
  count = contains(var.vpc_endpoints, "s3") ? 1 : 0

  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.private_route_table_ids

  tags = merge(var.tags, { Name = "${local.name}-s3" })
}

data "aws_vpc" "network" {
  count = local.has_interfaces ? 1 : 0

  id = var.vpc_id
}

resource "aws_security_group" "endpoints" {
  count = local.has_interfaces ? 1 : 0

  name_prefix = "${local.name}-endpoints-"
  description = "Endpoints of AWS services"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${local.name}-endpoints" })

  lifecycle {
    create_before_destroy = true
  }
}

# From the whole VPC: with private DNS, every program in it that calls one of these services is sent to these endpoints.
resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = toset(local.has_interfaces ? data.aws_vpc.network[0].cidr_block_associations[*].cidr_block : [])

  security_group_id = aws_security_group.endpoints[0].id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${local.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.private_subnet_ids
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true

  tags = merge(var.tags, { Name = "${local.name}-${each.value}" })

  lifecycle {
    precondition {
      condition     = data.aws_vpc.network[0].enable_dns_support && data.aws_vpc.network[0].enable_dns_hostnames
      error_message = "The VPC needs enableDnsSupport and enableDnsHostnames: without them, endpoints have no private DNS names."
    }
  }
}
