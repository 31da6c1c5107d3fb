# The stage dev has no schedules, so a missing month is no alarm. The ids are placeholders: replace them.

stage = "dev"

vpc_id                  = "vpc-00000000000000000"
private_subnet_ids      = ["subnet-00000000000000000", "subnet-00000000000000001"]
private_route_table_ids = ["rtb-00000000000000000"]

database_host              = "ods-dev.cluster-example.eu-west-1.rds.amazonaws.com"
database_name              = "ods"
database_security_group_id = "sg-00000000000000000"

noncurrent_version_days = 90
expects_every_month     = false
