"""One call of an AWS API: `call.py <service> <operation> <arguments as JSON>`, the answer as JSON on standard output.

What the AWS command line is on an operator's machine; boto3 comes with Moto.
"""

import json
import sys

import boto3

service, operation, arguments = sys.argv[1:]
answer = getattr(boto3.client(service), operation)(**json.loads(arguments))
answer.pop("ResponseMetadata")
print(json.dumps(answer, default=str))
