# What `notify` can't tell by itself. It writes an e-mail for every run that was given up; these are for the cases in which
# nothing ran, or `notify` failed. One alarm a question that somebody has to act on: eight, whatever the number of banks.

locals {
  dropped = {
    extract = "An extract was given up after its last try: the e-mail of notify says why."
    verify  = "A verification was given up after its last try: the e-mail of notify says what is missing or damaged."
    notify  = "An outcome was told to nobody: look into the log of notify."
  }
}

# An asynchronous event that Lambda gave up: after the last of its tries, or because it grew too old. Errors alone would
# also count tries whose repetition succeeded.
resource "aws_cloudwatch_metric_alarm" "dropped" {
  for_each = local.dropped

  alarm_name          = "${local.functions[each.key]}-given-up"
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

# `notify` was not even called.
resource "aws_cloudwatch_metric_alarm" "untold" {
  for_each = toset(["extract", "verify"])

  alarm_name          = "${local.functions[each.key]}-untold"
  alarm_description   = "Lambda could not hand an outcome of ${each.key} to notify: look into the log of ${each.key} instead."
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

# `verify` runs every day and measures this when it finds the last closed month in order, so 31 days is the most it can
# be. Two days without a measurement are the alarm that matters most: whatever the cause, even schedules that are off,
# the month is not there.
resource "aws_cloudwatch_metric_alarm" "month_missing" {
  count = var.expects_every_month ? 1 : 0

  alarm_name          = "${local.name}-month-missing"
  alarm_description   = "The last closed month has not been found published and whole for two days. See docs/runbook.md, \"A month is missing or doubtful\"."
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
  alarm_description   = "A published month was announced, and a subscriber did not get it. Subscribers can look for the manifest themselves."
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
  alarm_description   = "The database's password could not be rotated. The old one goes on to work; the log of the function ${local.name}-rotation says why."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = "${local.name}-rotation" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.notify.arn]
}
