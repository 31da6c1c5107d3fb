# What is told by <stage>.tfvars. A wrong value is refused before anything is asked of AWS.

variable "region" {
  description = "AWS region of everything here. Give serverless the same (--region)."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: expected an AWS region such as eu-west-1."
  }
}

variable "stage" {
  description = "Stage of serverless.yml that stands on this: dev, prod or another."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.stage))
    error_message = "stage: expected 2 to 12 lower-case letters and digits, a letter first, such as dev or prod."
  }
}

# The database

variable "database_host" {
  description = <<-EOT
    Host name of the database for Glue: the cluster's own endpoint or one instance's. Not the reader endpoint, which may
    lead to several instances, while the job's connections share one snapshot.
  EOT
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", var.database_host))
    error_message = "database_host: expected a host name without scheme, port or path."
  }
}

variable "database_port" {
  description = "Port of the database."
  type        = number
  default     = 5432

  validation {
    condition     = var.database_port >= 1 && var.database_port <= 65535 && floor(var.database_port) == var.database_port
    error_message = "database_port: expected a whole number from 1 to 65535."
  }
}

variable "database_name" {
  description = "Name of the database that holds the operational data store."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_$-]{0,62}$", var.database_name))
    error_message = "database_name: expected the name of a PostgreSQL database, at most 63 characters."
  }
}

variable "database_schema" {
  description = "Schema that holds the tables."
  type        = string
  default     = "public"

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_$]{0,62}$", var.database_schema))
    error_message = "database_schema: expected the name of a PostgreSQL schema, at most 63 characters."
  }
}

variable "database_security_group_id" {
  description = "Security group of the database. It gets one rule for each group here that may connect."
  type        = string

  validation {
    condition     = can(regex("^sg-[0-9a-f]{8,17}$", var.database_security_group_id))
    error_message = "database_security_group_id: expected the id of a security group, sg-…."
  }
}

# The network

variable "vpc_id" {
  description = "VPC of the database, in which the extract, the rotation and Glue run."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]{8,17}$", var.vpc_id))
    error_message = "vpc_id: expected the id of a VPC, vpc-…."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets of the VPC, one an availability zone. Glue uses the first."
  type        = list(string)

  validation {
    condition = (
      length(var.private_subnet_ids) > 0
      && length(distinct(var.private_subnet_ids)) == length(var.private_subnet_ids)
      && alltrue([for id in var.private_subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))])
    )
    error_message = "private_subnet_ids: expected at least one id of a subnet, subnet-…, and none twice."
  }
}

variable "private_route_table_ids" {
  description = "Route tables of these subnets, which get the way to S3 if vpc_endpoints has s3."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.private_route_table_ids : can(regex("^rtb-[0-9a-f]{8,17}$", id))])
    error_message = "private_route_table_ids: expected ids of route tables, rtb-…."
  }

  validation {
    condition     = !contains(var.vpc_endpoints, "s3") || length(var.private_route_table_ids) > 0
    error_message = "private_route_table_ids: expected at least one, as vpc_endpoints has s3."
  }
}

variable "vpc_endpoints" {
  description = <<-EOT
    Endpoints to make in the VPC, which must not have them yet. The extract needs s3 (free of charge) and secretsmanager;
    it asks S3 and Secrets Manager to decrypt, so kms is not among them, and notify runs outside the VPC. Glue needs
    glue, logs and monitoring too where there is no NAT gateway. sns is for other users of the network.
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
    Where port 443 may be reached beside vpc_endpoints: the addresses of endpoints that the VPC has already, or 0.0.0.0/0
    where a NAT gateway leads to AWS.
  EOT
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for block in var.https_egress_cidr_blocks : can(cidrnetmask(block))])
    error_message = "https_egress_cidr_blocks: expected IPv4 blocks such as 10.0.0.0/16."
  }

  validation {
    condition     = contains(var.vpc_endpoints, "secretsmanager") || length(var.https_egress_cidr_blocks) > 0
    error_message = "https_egress_cidr_blocks: expected at least one, as vpc_endpoints has no secretsmanager."
  }
}

# The files

variable "noncurrent_version_days" {
  description = <<-EOT
    How many days the old files of a restated month stay readable by the versions that its manifest's history names.
    What is published now never expires.
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
    Every how many days the database's password is changed; null: never by this. Set it once the secret has its value
    (README.md), as setting it rotates at once.
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

# Who is told

variable "notify_emails" {
  description = "Who gets an e-mail when a run fails or an alarm goes off. Each address confirms once, by a link."
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
  description = "Whether it is an alarm when the last closed month is not published. True where the schedules are on: prod."
  type        = bool
}

# For machines outside

variable "sftp" {
  description = <<-EOT
    A server by which each bank fetches its own files, and no others. It costs some 219 USD a month as long as it exists
    (0.30 USD an hour), files or not, and 0.04 USD a GB. Null: none.

    public_keys        for each bank, by its name as it stands in the files' keys, an OpenSSH public key
    allowed_cidrs      from where connections are taken
    public_subnet_ids  subnets that face the internet, each of which gets an address of its own; without any the server
                       is in private_subnet_ids, for who comes by VPN or Direct Connect
  EOT
  type = object({
    public_keys       = map(string)
    allowed_cidrs     = set(string)
    public_subnet_ids = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.sftp == null ? true : length(var.sftp.public_keys) > 0 && length(var.sftp.allowed_cidrs) > 0
    error_message = "sftp: expected at least one bank in public_keys and one block in allowed_cidrs, or null for no server."
  }

  validation {
    condition = var.sftp == null ? true : alltrue([
      for bank in keys(var.sftp.public_keys) : can(regex("^[\\pL\\pM\\p{Nd}]{3,50}$", bank))
    ])
    error_message = "sftp.public_keys: expected names of banks as they stand in keys, such as FirstNational, of 3 to 50 letters and digits."
  }

  validation {
    condition = var.sftp == null ? true : (
      length(distinct([for bank in keys(var.sftp.public_keys) : replace(bank, "/[^A-Za-z0-9]/", "_")]))
      == length(var.sftp.public_keys)
    )
    error_message = "sftp.public_keys: expected banks whose names differ in plain letters and digits, as users' names have no others."
  }

  validation {
    condition = var.sftp == null ? true : alltrue([
      for key in values(var.sftp.public_keys) :
      can(regex("^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( .*)?$", key))
    ])
    error_message = "sftp.public_keys: expected OpenSSH public keys such as ssh-ed25519 AAAA…, never a private one."
  }

  validation {
    condition = var.sftp == null ? true : alltrue([
      for block in var.sftp.allowed_cidrs : can(cidrnetmask(block))
    ])
    error_message = "sftp.allowed_cidrs: expected IPv4 blocks such as 203.0.113.0/24."
  }

  validation {
    condition = var.sftp == null ? true : alltrue([
      for id in var.sftp.public_subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))
    ])
    error_message = "sftp.public_subnet_ids: expected ids of subnets, subnet-…."
  }
}
