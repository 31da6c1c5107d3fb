# The ids, the host and the address are placeholders: replace them.

account_id = "123456789012"
stage      = "dev"

vpc_id                  = "vpc-00000000000000000"
private_subnet_ids      = ["subnet-00000000000000000", "subnet-00000000000000001"]
private_route_table_ids = ["rtb-00000000000000000"]

database_host              = "ods-dev.cluster-example.eu-west-1.rds.amazonaws.com"
database_name              = "ods"
database_security_group_id = "sg-00000000000000000"

notify_emails = ["data-support@example.com"]
