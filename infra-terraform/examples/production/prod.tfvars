# The ids, the host and the address are placeholders: replace them.

account_id = "123456789012"
stage      = "prod"

vpc_id                  = "vpc-00000000000000000"
private_subnet_ids      = ["subnet-00000000000000000", "subnet-00000000000000001", "subnet-00000000000000002"]
private_route_table_ids = ["rtb-00000000000000000"]

database_host              = "ods-prod.cluster-example.eu-west-1.rds.amazonaws.com"
database_name              = "ods"
database_security_group_id = "sg-00000000000000000"

# curl --fail --remote-name https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
database_ca_file = "global-bundle.pem"

notify_emails = ["data-support@example.com"]

# Every principal has to exist.
# reader_principals = {
#   warehouse     = { principals = ["210987654321"] }
#   firstNational = { principals = ["arn:aws:iam::310987654321:role/files"], banks = ["FirstNational"] }
# }
# subscriber_principals = ["210987654321"]
# writer_principals     = ["arn:aws:iam::123456789012:role/operators"]

# Who uploads files of a bank, and who queries a tenant's lake. Every principal has to exist. intake = null without intake.
intake = {
  # uploaders = { FirstNational = ["arn:aws:iam::310987654321:role/files"] }
}
# raw_principals     = { first-national = ["arn:aws:iam::310987654321:role/files"] }
# analyst_principals = { first-national = ["arn:aws:iam::310987654321:role/analysts"] }

# Object Lock can't be taken back. Try it with GOVERNANCE and a few days first.
# object_lock = { mode = "COMPLIANCE", days = 3650 }

# An SFTP server for banks costs about 219 USD a month for as long as it exists:
# sftp = {
#   public_keys   = { FirstNational = ["ssh-ed25519 AAAA... files@bank"] }
#   allowed_cidrs = ["203.0.113.0/24"]
# }

# github = { repository = "owner/bank-batch", state_bucket = "your-state-bucket" }
