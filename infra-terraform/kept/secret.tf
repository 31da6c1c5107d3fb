# The secret with which the extract and Glue log in to the database. Its value is put by a person (README.md) and changed
# by the rotation: Terraform never sees it, and so neither does the state.

resource "aws_secretsmanager_secret" "database" {
  name                    = "${var.name}/database"
  description             = "PostgreSQL role that may read the tables of the extract: JSON as RDS writes it"
  kms_key_id              = aws_kms_key.extracts.arn
  recovery_window_in_days = 30

  lifecycle {
    prevent_destroy = true
  }
}
