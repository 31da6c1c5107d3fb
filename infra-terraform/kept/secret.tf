# The secret that the extract and Glue use to log in to the database. An operator sets its value (README.md) and the
# rotation changes it. Terraform never reads the value, so the state does not contain it.

resource "aws_secretsmanager_secret" "database" {
  name                    = "${var.name}/database"
  description             = "PostgreSQL role that may read the tables of the extract, as JSON in the RDS format"
  kms_key_id              = aws_kms_key.extracts.arn
  recovery_window_in_days = 30
  tags                    = var.tags

  lifecycle {
    prevent_destroy = true
  }
}
