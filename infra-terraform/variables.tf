# Inputs of the module. Terraform rejects an invalid value before it calls AWS.

variable "stage" {
  description = "Stage of serverless.yml that uses these resources: dev, prod or another."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.stage))
    error_message = "stage: expected 2 to 12 lower-case letters and digits, starting with a letter, such as dev or prod."
  }
}

variable "tags" {
  description = "Tags of all resources, besides the provider's default tags."
  type        = map(string)
  default     = {}
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary that all roles get, or null."
  type        = string
  default     = null

  validation {
    condition = var.permissions_boundary_arn == null ? true : can(
      regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn)
    )
    error_message = "permissions_boundary_arn: expected the ARN of a policy, arn:aws:iam::...:policy/..., or null."
  }
}

# What to create

variable "create_glue_job" {
  description = "Whether to create the Glue job that makes the same files as the Lambda."
  type        = bool
  default     = false
}

variable "create_crawler" {
  description = "Whether to create the crawler that catalogues the source every month. It costs about 0.15 USD a run."
  type        = bool
  default     = false

  validation {
    condition = !(var.create_crawler || var.create_glue_job) || length(var.https_egress_cidr_blocks) > 0 || (
      length(setsubtract(["glue", "logs", "monitoring"], var.vpc_endpoints)) == 0
    )
    error_message = "create_crawler, create_glue_job: expected https_egress_cidr_blocks, or glue, logs and monitoring in vpc_endpoints, because Glue needs these services."
  }
}

variable "create_athena" {
  description = "Whether to create the Athena workgroup and the extracts' tables."
  type        = bool
  default     = true
}

variable "create_dashboard" {
  description = "Whether to create the CloudWatch dashboard."
  type        = bool
  default     = true
}

variable "create_database_rules" {
  description = <<-EOT
    Whether to add ingress rules to the database's security group. False if that group is managed with rules inside its own
    resource, which would remove these: its owner then admits the output client_security_group_ids.
  EOT
  type        = bool
  default     = true
}

# The database

variable "database_host" {
  description = <<-EOT
    Host name of the database for Glue: the cluster endpoint or an instance endpoint. Not the reader endpoint: it may lead
    to several instances, but all connections of the job share one snapshot.
  EOT
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", var.database_host))
    error_message = "database_host: expected a host name without a scheme, port or path."
  }
}

variable "database_port" {
  description = "Port of the database server."
  type        = number
  default     = 5432

  validation {
    condition     = var.database_port >= 1 && var.database_port <= 65535 && floor(var.database_port) == var.database_port
    error_message = "database_port: expected a whole number from 1 to 65535."
  }
}

variable "database_name" {
  description = "Name of the database with the operational data store."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_$-]{0,62}$", var.database_name))
    error_message = "database_name: expected the name of a PostgreSQL database, at most 63 characters."
  }
}

variable "database_schema" {
  description = "Schema of the tables."
  type        = string
  default     = "public"

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_$]{0,62}$", var.database_schema))
    error_message = "database_schema: expected the name of a PostgreSQL schema, at most 63 characters."
  }
}

variable "database_ca_file" {
  description = <<-EOT
    Path of a PEM file with the certificate authorities that the Glue job trusts: for RDS and Aurora, AWS's bundle
    (glue/README.md). Null for the authorities that Java trusts by itself, which are not those of RDS.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.database_ca_file == null ? true : can(regex("-----BEGIN CERTIFICATE-----", file(var.database_ca_file)))
    error_message = "database_ca_file: expected the path of a PEM file with certificates."
  }

  validation {
    condition     = !var.create_glue_job || var.database_ca_file != null || !endswith(var.database_host, ".rds.amazonaws.com")
    error_message = "database_ca_file: expected the bundle of RDS, because the Glue job verifies the database's certificate."
  }
}

variable "database_security_group_id" {
  description = "Security group of the database. It gets an ingress rule for the extract and one for Glue."
  type        = string

  validation {
    condition     = can(regex("^sg-[0-9a-f]{8,17}$", var.database_security_group_id))
    error_message = "database_security_group_id: expected a security group id, sg-…."
  }
}

# The network

variable "vpc_id" {
  description = "VPC of the database. The extract, the rotation and Glue run in it."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]{8,17}$", var.vpc_id))
    error_message = "vpc_id: expected a VPC id, vpc-…."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets of the VPC, one for each availability zone. Glue uses the first."
  type        = list(string)

  validation {
    condition = (
      length(var.private_subnet_ids) > 0
      && length(distinct(var.private_subnet_ids)) == length(var.private_subnet_ids)
      && alltrue([for id in var.private_subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))])
    )
    error_message = "private_subnet_ids: expected at least one subnet id, subnet-…, without duplicates."
  }
}

variable "private_route_table_ids" {
  description = "Route tables of these subnets. They get a route to S3 if vpc_endpoints contains s3."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.private_route_table_ids : can(regex("^rtb-[0-9a-f]{8,17}$", id))])
    error_message = "private_route_table_ids: expected route table ids, rtb-…."
  }

  validation {
    condition     = !contains(var.vpc_endpoints, "s3") || length(var.private_route_table_ids) > 0
    error_message = "private_route_table_ids: expected at least one, because vpc_endpoints contains s3."
  }
}

variable "vpc_endpoints" {
  description = <<-EOT
    Endpoints to create in the VPC. The VPC must not have them yet: for a second stage in a VPC, set [], and its address
    range in https_egress_cidr_blocks. The extract needs s3 (free of charge) and secretsmanager. It does not need kms, because
    S3 and Secrets Manager decrypt for it, and notify runs outside the VPC. Without a NAT gateway, Glue also needs glue, logs
    and monitoring. sns is for other users of the network. All programs in the VPC then use these endpoints, and may.
  EOT
  type        = set(string)
  default     = ["s3", "secretsmanager"]

  validation {
    condition = alltrue([
      for service in var.vpc_endpoints : contains(["s3", "secretsmanager", "sns", "glue", "logs", "monitoring"], service)
    ])
    error_message = "vpc_endpoints: expected any of s3, secretsmanager, sns, glue, logs, monitoring."
  }
}

variable "https_egress_cidr_blocks" {
  description = <<-EOT
    Addresses, besides vpc_endpoints, to which port 443 is open: those of endpoints that the VPC already has, such as the
    VPC's own address range, or 0.0.0.0/0 if a NAT gateway leads to AWS.
  EOT
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for block in var.https_egress_cidr_blocks : can(cidrnetmask(block))])
    error_message = "https_egress_cidr_blocks: expected IPv4 CIDR blocks such as 10.0.0.0/16."
  }

  validation {
    condition     = contains(var.vpc_endpoints, "secretsmanager") || length(var.https_egress_cidr_blocks) > 0
    error_message = "https_egress_cidr_blocks: expected at least one, because vpc_endpoints does not contain secretsmanager."
  }
}

# The files

variable "noncurrent_version_days" {
  description = <<-EOT
    Number of days for which the replaced files of a restated month stay readable by the version ids in the history of its
    manifest. Files of the current publication never expire.
  EOT
  type        = number
  default     = 3650

  validation {
    condition     = var.noncurrent_version_days >= 90 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days: expected a whole number of days, at least 90."
  }
}

variable "object_lock" {
  description = <<-EOT
    Retention of every version of a file, or null. mode: GOVERNANCE, which principals with a special right can override, or
    COMPLIANCE, which nobody can, not even AWS. Once it is on, Object Lock can't be removed from the bucket.
  EOT
  type = object({
    mode = string
    days = number
  })
  default = null

  validation {
    condition = var.object_lock == null ? true : (
      contains(["GOVERNANCE", "COMPLIANCE"], var.object_lock.mode)
      && var.object_lock.days >= 1 && var.object_lock.days <= 36500 && floor(var.object_lock.days) == var.object_lock.days
    )
    error_message = "object_lock: expected the mode GOVERNANCE or COMPLIANCE, and a whole number of days from 1 to 36500."
  }

  validation {
    condition     = var.object_lock == null || !var.create_glue_job
    error_message = "object_lock: expected no Glue job, because S3 then requires checksums that its version of boto3 does not send."
  }
}

variable "replication" {
  description = "Where to copy files to, in another region: the output of the module replica/, or null."
  type = object({
    bucket_arn = string
    key_arn    = string
    region     = string
  })
  default = null

  validation {
    condition = var.replication == null ? true : (
      can(regex("^arn:aws[a-z-]*:s3:::.+$", var.replication.bucket_arn))
      && can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.replication.key_arn))
    )
    error_message = "replication: expected the ARNs of a bucket and of a key."
  }
}

variable "log_access" {
  description = "Whether S3 logs every request to the bucket, into a bucket for logs. It costs only the storage."
  type        = bool
  default     = false
}

variable "log_data_events" {
  description = "Whether CloudTrail records every write of a file, with its author, into a bucket for logs."
  type        = bool
  default     = false
}

variable "audit_log_days" {
  description = "Number of days for which these logs are kept."
  type        = number
  default     = 400

  validation {
    condition     = var.audit_log_days >= 1 && floor(var.audit_log_days) == var.audit_log_days
    error_message = "audit_log_days: expected a whole number of days, at least 1."
  }
}

# Access for others

variable "reader_principals" {
  description = <<-EOT
    Who may read files besides this account's own roles, by a name of letters and digits that you choose. The bucket's and
    the key's policies admit them; in another account, their own policies have to allow the same.

    principals  account ids, or ARNs of roles or users that exist
    banks       names of banks as written in the keys of their files, or null for all files and manifests
    manifests   with banks: whether they may read the manifests, which name all banks and their totals
  EOT
  type = map(object({
    principals = set(string)
    banks      = optional(set(string))
    manifests  = optional(bool)
  }))
  default = {}

  validation {
    condition = alltrue([
      for name, reader in var.reader_principals : can(regex("^[A-Za-z0-9]{1,60}$", name)) && length(reader.principals) > 0 && alltrue([
        for principal in reader.principals : can(regex("^([0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+)$", principal))
      ])
    ])
    error_message = "reader_principals: expected names of letters and digits, each with account ids of 12 digits or ARNs of roles or users."
  }

  validation {
    condition = alltrue(flatten([
      for reader in var.reader_principals : [
        for bank in(reader.banks == null ? [] : tolist(reader.banks)) : can(regex("^[\\pL\\pM\\p{Nd}]+$", bank))
      ]
    ]))
    error_message = "reader_principals: expected banks by their names of letters and digits, as written in the keys of their files, such as FirstNational."
  }
}

variable "subscriber_principals" {
  description = "Accounts, roles or users that may subscribe to the topic announce: account ids, or ARNs that exist."
  type        = set(string)
  default     = []

  validation {
    condition = alltrue([
      for principal in var.subscriber_principals : can(regex("^([0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+)$", principal))
    ])
    error_message = "subscriber_principals: expected account ids of 12 digits, or ARNs of roles or users."
  }
}

variable "writer_principals" {
  description = <<-EOT
    ARNs of roles or users that may write files besides the functions and the Glue job, such as operators who restate or
    withdraw months from a terminal. * matches any characters. The bucket denies writes by all others.
  EOT
  type        = set(string)
  default     = []

  validation {
    condition = alltrue([
      for principal in var.writer_principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", principal))
    ])
    error_message = "writer_principals: expected ARNs of roles or users, arn:aws:iam::...:role/..."
  }
}

# Intake

variable "intake" {
  description = <<-EOT
    Intake, which takes files of the banks (serverless.intake.yml), or null without it.

    uploaders                for each bank, by its name as written in the keys of its files: ARNs of the roles or users, or the
                             account ids, that may assume the role with which the bank uploads
    keep_days                days for which intake keeps a delivery, by area; deliveries contain names of clients
    noncurrent_version_days  days for which replaced and removed versions stay readable
    rotation_days            interval in days at which the password is rotated, or null; see rotation_days
  EOT
  type = object({
    uploaders = optional(map(set(string)), {})
    keep_days = optional(object({
      raw     = optional(number, 400)
      stage   = optional(number, 400)
      archive = optional(number, 3650)
      error   = optional(number, 400)
    }), {})
    noncurrent_version_days = optional(number, 30)
    rotation_days           = optional(number)
  })
  default = null

  validation {
    condition = var.intake == null ? true : alltrue([
      for bank, principals in var.intake.uploaders : can(regex("^[\\pL\\p{Nd}]{3,50}$", bank)) && length(principals) > 0 && alltrue([
        for principal in principals : can(regex("^([0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+)$", principal))
      ])
    ])
    error_message = "intake.uploaders: expected bank names of 3 to 50 letters and digits without combining marks, each with account ids of 12 digits or ARNs of roles or users."
  }

  validation {
    condition = var.intake == null ? true : alltrue([
      for days in concat(values(var.intake.keep_days), [var.intake.noncurrent_version_days, coalesce(var.intake.rotation_days, 1)]) :
      days >= 1 && floor(days) == days
    ])
    error_message = "intake: expected whole numbers of days, at least 1."
  }
}

# The lake

variable "tenants" {
  description = "The tenants of the lake (serverless.lake.yml): the content of tenants.json, by jsondecode(file(...)). Empty without a lake."
  type = list(object({
    id       = string
    bankId   = number
    name     = string
    datasets = set(string)
  }))
  default = []

  validation {
    condition = alltrue([
      for tenant in var.tenants : can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", tenant.id)) && length(tenant.id) <= 24
      && tenant.bankId >= 0 && floor(tenant.bankId) == tenant.bankId && tenant.name != ""
    ])
    error_message = "tenants: expected ids of at most 24 lower-case letters and digits, with single hyphens between them, whole bankIds, and names."
  }

  # docs/contract.md, section 11, has the buckets' names.
  validation {
    condition     = alltrue([for tenant in var.tenants : length(tenant.id) + length(var.stage) <= 29])
    error_message = "tenants: expected ids that have at most 29 characters together with the stage, because the names of buckets have at most 63."
  }

  validation {
    condition = (
      length(distinct(var.tenants[*].id)) == length(var.tenants) && length(distinct(var.tenants[*].bankId)) == length(var.tenants)
    )
    error_message = "tenants: expected distinct ids and distinct bankIds."
  }

  validation {
    condition = alltrue([
      for tenant in var.tenants : length(setsubtract(tenant.datasets, keys(jsondecode(file("${path.module}/datasets.json"))))) == 0
    ])
    error_message = "tenants: expected datasets of the lake, which are in datasets.json."
  }
}

variable "analyst_principals" {
  description = <<-EOT
    Who may assume the role of a tenant's analysts, by the tenant's id: ARNs of roles or users, or account ids. For a tenant
    that is not in here, those whom this account's IAM policies allow it.
  EOT
  type        = map(set(string))
  default     = {}

  validation {
    condition = length(setsubtract(keys(var.analyst_principals), var.tenants[*].id)) == 0 && alltrue(flatten([
      for principals in values(var.analyst_principals) : [
        length(principals) > 0,
        [for principal in principals : can(regex("^([0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+)$", principal))],
      ]
    ]))
    error_message = "analyst_principals: expected ids of tenants, each with account ids of 12 digits or ARNs of roles or users."
  }
}

variable "raw_principals" {
  description = <<-EOT
    Who may assume the role with which a tenant uploads its own files to raw/ of its bucket, by the tenant's id: ARNs of roles
    or users, or account ids. A tenant that is not in here has no such role.
  EOT
  type        = map(set(string))
  default     = {}

  validation {
    condition = length(setsubtract(keys(var.raw_principals), var.tenants[*].id)) == 0 && alltrue(flatten([
      for principals in values(var.raw_principals) : [
        length(principals) > 0,
        [for principal in principals : can(regex("^([0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+)$", principal))],
      ]
    ]))
    error_message = "raw_principals: expected ids of tenants, each with account ids of 12 digits or ARNs of roles or users."
  }
}

variable "lake_scan_limit_gib" {
  description = "Number of GiB that one query of an analyst may read before Athena stops it."
  type        = number
  default     = 100

  validation {
    condition     = var.lake_scan_limit_gib >= 1 && floor(var.lake_scan_limit_gib) == var.lake_scan_limit_gib
    error_message = "lake_scan_limit_gib: expected a whole number, at least 1."
  }
}

# Logs

variable "log_retention_days" {
  description = "Number of days for which the logs of the functions are kept, one of those that CloudWatch allows."
  type        = number
  default     = 400

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: expected a number that CloudWatch allows, such as 30, 90, 365, 400 or 3653."
  }
}

# The secret

variable "rotation_days" {
  description = <<-EOT
    Interval in days at which the database password is rotated, or null for no rotation. Set it only once the secret has a
    value and the functions are deployed (README.md), because setting it rotates the password at once.
  EOT
  type        = number
  default     = null

  validation {
    condition = var.rotation_days == null ? true : (
      var.rotation_days >= 1 && var.rotation_days <= 1000 && floor(var.rotation_days) == var.rotation_days
    )
    error_message = "rotation_days: expected a whole number of days from 1 to 1000, or null."
  }
}

variable "database_master_secret" {
  description = <<-EOT
    For a rotation that alternates between two users: the secret of a database user that may create users, whose ARN the
    database secret names as masterarn, and the key that encrypts it, unless it is the AWS managed key. Null for a rotation
    of a single user.
  EOT
  type = object({
    arn         = string
    kms_key_arn = optional(string)
  })
  default = null

  validation {
    condition = var.database_master_secret == null ? true : (
      can(regex("^arn:[^:]+:secretsmanager:[^:]+:\\d{12}:secret:.+$", var.database_master_secret.arn))
      && (
        var.database_master_secret.kms_key_arn == null
        ? true
        : can(regex("^arn:[^:]+:kms:[^:]+:\\d{12}:key/.+$", var.database_master_secret.kms_key_arn))
      )
    )
    error_message = "database_master_secret: expected the ARN of a secret and, optionally, the ARN of its KMS key."
  }
}

# Notifications

variable "notify_emails" {
  description = "Recipients of the e-mails about failed runs and alarms. Each address confirms its subscription once, through a link."
  type        = set(string)

  validation {
    condition = (
      length(var.notify_emails) > 0
      && alltrue([for address in var.notify_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    )
    error_message = "notify_emails: expected at least one e-mail address."
  }
}

variable "expects_every_month" {
  description = "Whether an alarm reports that the last closed month is missing. True for stages with schedules, such as prod."
  type        = bool
}

# SFTP

variable "sftp" {
  description = <<-EOT
    An SFTP server from which each bank fetches its own files and no others. It costs about 219 USD a month (0.30 USD an
    hour) for as long as it exists, used or not, plus 0.04 USD per GB. Null for no server.

    public_keys        OpenSSH public keys for each bank, by the bank's name as written in the keys of its files: one, or two
                       while the bank replaces its key
    allowed_cidrs      addresses from which connections are accepted
    public_subnet_ids  internet-facing subnets, each of which gets an Elastic IP address; if empty, the server is in
                       private_subnet_ids, for clients that connect through a VPN or Direct Connect
    manifests          whether the banks see the manifests, which name all banks and their totals
  EOT
  type = object({
    public_keys       = map(set(string))
    allowed_cidrs     = set(string)
    public_subnet_ids = optional(list(string), [])
    manifests         = optional(bool, false)
  })
  default = null

  validation {
    condition = var.sftp == null ? true : (
      length(var.sftp.public_keys) > 0 && length(var.sftp.allowed_cidrs) > 0
      && alltrue([for bank_keys in values(var.sftp.public_keys) : length(bank_keys) >= 1 && length(bank_keys) <= 10])
    )
    error_message = "sftp: expected at least one bank in public_keys, one to ten keys for each, and one CIDR block in allowed_cidrs, or null for no server."
  }

  validation {
    condition = var.sftp == null ? true : alltrue([
      for bank in keys(var.sftp.public_keys) : can(regex("^[\\pL\\p{Nd}]{3,50}$", bank))
    ])
    error_message = "sftp.public_keys: expected bank names of 3 to 50 letters and digits without combining marks, as written in the keys of their files, such as FirstNational."
  }

  validation {
    condition = var.sftp == null ? true : (
      length(distinct([for bank in keys(var.sftp.public_keys) : replace(bank, "/[^A-Za-z0-9]/", "_")]))
      == length(var.sftp.public_keys)
    )
    error_message = "sftp.public_keys: expected bank names that differ in their ASCII letters and digits, because user names contain no others."
  }

  validation {
    condition = var.sftp == null ? true : alltrue([
      for key in flatten([for bank_keys in values(var.sftp.public_keys) : tolist(bank_keys)]) :
      can(regex("^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( .*)?$", key))
    ])
    error_message = "sftp.public_keys: expected OpenSSH public keys such as ssh-ed25519 AAAA…, never private keys."
  }

  validation {
    condition = var.sftp == null ? true : alltrue([
      for block in var.sftp.allowed_cidrs : can(cidrnetmask(block))
    ])
    error_message = "sftp.allowed_cidrs: expected IPv4 CIDR blocks such as 203.0.113.0/24."
  }

  validation {
    condition = var.sftp == null ? true : alltrue([
      for id in var.sftp.public_subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))
    ])
    error_message = "sftp.public_subnet_ids: expected subnet ids, subnet-…."
  }
}
