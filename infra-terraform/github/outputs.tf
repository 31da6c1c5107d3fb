output "deploy_role_arn" {
  description = "ARN for the variable DEPLOY_ROLE_ARN of GitHub's environment."
  value       = aws_iam_role.deploy.arn
}

output "plan_role_arn" {
  description = "ARN for the variable PLAN_ROLE_ARN of GitHub's environment <stage>-plan."
  value       = aws_iam_role.plan.arn
}
