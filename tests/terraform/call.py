"""Calls an AWS API: `call.py <service> <operation> <arguments as JSON>`. Prints the response as JSON.

It replaces the AWS CLI, which may not be installed. boto3 comes with Moto.
"""

import json
import sys

import boto3

service, operation, arguments = sys.argv[1:]
answer = getattr(boto3.client(service), operation)(**json.loads(arguments))
answer.pop("ResponseMetadata")
print(json.dumps(answer, default=str))
