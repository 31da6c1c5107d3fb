# `notify` sends an e-mail for every run that finally fails. These alarms cover what it can't report: nothing ran, or
# `notify` itself failed. There are at most ten, independent of the number of banks, and each needs a person to act.

locals {
  dropped = {
    extract  = "A run of extract failed on its last attempt. The e-mail from notify gives the reason."
    verify   = "A run of verify failed on its last attempt. The e-mail from notify lists what is missing or damaged."
    announce = "A published month was not announced to machines. The e-mail from notify has the command that announces it."
    notify   = "Nobody was informed of a failure. See the log of notify."
  }
}

# Lambda dropped an asynchronous event after its last attempt, or because the event became too old. The metric Errors
# would also count attempts whose retry succeeded.
resource "aws_cloudwatch_metric_alarm" "dropped" {
  for_each = local.dropped

  alarm_name          = "${local.functions[each.key]}-dropped"
  alarm_description   = each.value
  namespace           = "AWS/Lambda"
  metric_name         = "AsyncEventsDropped"
  dimensions          = { FunctionName = local.functions[each.key] }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.notify.arn]
}

# Lambda could not invoke `notify`.
resource "aws_cloudwatch_metric_alarm" "undelivered" {
  for_each = toset(["extract", "verify", "announce"])

  alarm_name          = "${local.functions[each.key]}-undelivered"
  alarm_description   = "Lambda could not pass a failure of ${each.key} to notify. See the log of ${each.key}."
  namespace           = "AWS/Lambda"
  metric_name         = "DestinationDeliveryFailures"
  dimensions          = { FunctionName = local.functions[each.key] }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.notify.arn]
}

# `verify` runs every day and reports this metric only if the last closed month is verified, so its value never exceeds
# 31 days. This is the most important alarm: two days without data mean that the month is not there, whatever the cause.
# It even covers schedules that are switched off.
resource "aws_cloudwatch_metric_alarm" "month_missing" {
  count = var.expects_every_month ? 1 : 0

  alarm_name          = "${local.name}-month-missing"
  alarm_description   = "The last closed month has not been verified for two days. See docs/runbook.md, \"A month is missing or doubtful\"."
  namespace           = "BankBatch"
  metric_name         = "NewestPublishedMonthAge"
  dimensions          = { service = "bank-batch", extract = "loan_moving_average" }
  statistic           = "Minimum"
  period              = 86400
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 32
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.notify.arn]
  ok_actions          = [aws_sns_topic.notify.arn]
}

resource "aws_cloudwatch_metric_alarm" "announcement_failed" {
  alarm_name          = "${local.name}-announcement-failed"
  alarm_description   = "A subscriber did not receive the announcement of a published month. Subscribers can look for the manifest themselves."
  namespace           = "AWS/SNS"
  metric_name         = "NumberOfNotificationsFailed"
  dimensions          = { TopicName = aws_sns_topic.announce.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.notify.arn]
}

resource "aws_cloudwatch_metric_alarm" "rotation_failed" {
  count = local.rotates ? 1 : 0

  alarm_name          = "${local.name}-rotation-failed"
  alarm_description   = "The database password could not be rotated. The extract can still log in. See docs/runbook.md, \"The password was not rotated\"."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = local.functions["rotate"] }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.notify.arn]
}
