# `notify` sends an e-mail for every run that finally fails. These alarms cover what it can't report: nothing ran, or
# `notify` itself failed. There are at most eleven, independent of the number of banks, and each needs a person to act.

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
  tags                = var.tags
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
  tags                = var.tags
}

# The most important alarm: the last closed month has not been verified for 48 hours, whatever the cause. It even covers
# schedules that are switched off. `verify` runs every day and reports the age of the month only if the month is verified:
# a good age never exceeds 31 days.
#
# CloudWatch by itself would look back beyond the 48 hours for values, and keep the alarm silent for as long as it finds
# old good ones. The expression leaves no hour without a value, so only the last 48 hours decide. If CloudWatch has no
# value at all to fill, there is no series, and missing data counts as breaching. A test evaluates the expression.
resource "aws_cloudwatch_metric_alarm" "month_missing" {
  count = var.expects_every_month ? 1 : 0

  alarm_name          = "${local.name}-month-missing"
  alarm_description   = "The last closed month has not been verified for two days. See docs/runbook.md, \"A month is missing or doubtful\"."
  evaluation_periods  = 48
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.notify.arn]
  ok_actions          = [aws_sns_topic.notify.arn]
  tags                = var.tags

  metric_query {
    id          = "missing"
    label       = "1 in an hour without a verified month"
    expression  = "IF(FILL(age, 9999) > 32, 1, 0)"
    return_data = true
  }

  metric_query {
    id = "age"

    metric {
      namespace   = "BankBatch"
      metric_name = "NewestPublishedMonthAge"
      dimensions  = { service = "bank-batch", stage = var.stage, extract = "loan_moving_average" }
      stat        = "Minimum"
      period      = 3600
    }
  }
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
  tags                = var.tags
}

# What `notify` could not send is in its dead-letter queue for 14 days.
resource "aws_cloudwatch_metric_alarm" "notify_failed" {
  alarm_name          = "${local.name}-notify-failed"
  alarm_description   = "A failure was not reported to people: the queue ${aws_sqs_queue.notify_failed.name} has the event."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.notify_failed.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.notify.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "rotation_failed" {
  count = length(local.rotated_secrets) > 0 ? 1 : 0

  alarm_name          = "${local.name}-rotation-failed"
  alarm_description   = "A database password could not be rotated. The functions can still log in. See docs/runbook.md, \"The password was not rotated\"."
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
  tags                = var.tags
}
