# Set in <stage>.tfvars. Terraform rejects an invalid value before it calls AWS.

variable "region" {
  description = "AWS region of all resources. Deploy serverless.yml to the same one (--region)."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: expected an AWS region such as eu-west-1."
  }
}

variable "stage" {
  description = "Stage of serverless.yml that uses these resources: dev, prod or another."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.stage))
    error_message = "stage: expected 2 to 12 lower-case letters and digits, starting with a letter, such as dev or prod."
  }
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
    Endpoints to create in the VPC. The VPC must not have them yet. The extract needs s3 (free of charge) and
    secretsmanager. It does not need kms, because S3 and Secrets Manager decrypt for it, and notify runs outside the VPC.
    Without a NAT gateway, Glue also needs glue, logs and monitoring. sns is for other users of the network.
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
    Addresses, besides vpc_endpoints, to which port 443 is open: those of endpoints that the VPC already has, or 0.0.0.0/0
    if a NAT gateway leads to AWS.
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
  default     = ["data-support@mybigbank.co.za"]

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

    public_keys        an OpenSSH public key for each bank, by the bank's name as written in the keys of its files
    allowed_cidrs      addresses from which connections are accepted
    public_subnet_ids  internet-facing subnets, each of which gets an Elastic IP address; if empty, the server is in
                       private_subnet_ids, for clients that connect through a VPN or Direct Connect
  EOT
  type = object({
    public_keys       = map(string)
    allowed_cidrs     = set(string)
    public_subnet_ids = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.sftp == null ? true : length(var.sftp.public_keys) > 0 && length(var.sftp.allowed_cidrs) > 0
    error_message = "sftp: expected at least one bank in public_keys and one CIDR block in allowed_cidrs, or null for no server."
  }

  validation {
    condition = var.sftp == null ? true : alltrue([
      for bank in keys(var.sftp.public_keys) : can(regex("^[\\pL\\pM\\p{Nd}]{3,50}$", bank))
    ])
    error_message = "sftp.public_keys: expected bank names of 3 to 50 letters and digits, as written in the keys of their files, such as FirstNational."
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
      for key in values(var.sftp.public_keys) :
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
