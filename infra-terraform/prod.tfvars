# The stage prod has schedules, and a missing month is an alarm. The ids are placeholders: replace them.

stage = "prod"

vpc_id                  = "vpc-00000000000000000"
private_subnet_ids      = ["subnet-00000000000000000", "subnet-00000000000000001", "subnet-00000000000000002"]
private_route_table_ids = ["rtb-00000000000000000"]

database_host              = "ods-prod.cluster-example.eu-west-1.rds.amazonaws.com"
database_name              = "ods"
database_security_group_id = "sg-00000000000000000"

expects_every_month = true

# Once the secret has a value (README.md):
# rotation_days = 30

# An SFTP server for banks costs about 219 USD a month for as long as it exists:
# sftp = {
#   public_keys   = { FirstNational = "ssh-ed25519 AAAA… somebody@bank" }
#   allowed_cidrs = ["203.0.113.0/24"]
# }
