# One page with what an operator looks at first. The first three dashboards of an account are free.

locals {
  dashboard_metrics = {
    "Age of the newest verified month, in days" = [
      ["BankBatch", "NewestPublishedMonthAge", "service", "bank-batch", "stage", var.stage, "extract", "loan_moving_average"],
    ]
    "Duration of a run's steps, in milliseconds" = [
      for step in ["Connect", "Stage", "Reconcile", "Publish"] :
      ["BankBatch", "${step}Duration", "service", "bank-batch", "stage", var.stage, "extract", "loan_moving_average"]
    ]
    "Rows and bytes of a run" = [
      for metric in ["Rows", "Bytes"] :
      ["BankBatch", metric, "service", "bank-batch", "stage", var.stage, "extract", "loan_moving_average"]
    ]
    "Failed attempts" = [
      for function in values(local.functions) : ["AWS/Lambda", "Errors", "FunctionName", function]
    ]
    "Dropped events" = [
      for function in values(local.functions) : ["AWS/Lambda", "AsyncEventsDropped", "FunctionName", function]
    ]
    "Failures that people were not informed of" = [
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.notify_failed.name],
    ]
  }
}

resource "aws_cloudwatch_dashboard" "stage" {
  count = var.create_dashboard ? 1 : 0

  dashboard_name = local.name
  dashboard_body = jsonencode({
    widgets = [
      for index, title in keys(local.dashboard_metrics) : {
        type   = "metric"
        x      = index % 2 * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = title
          region  = local.region
          period  = 3600
          stat    = "Maximum"
          metrics = local.dashboard_metrics[title]
        }
      }
    ]
  })
}
