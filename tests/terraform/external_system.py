"""An external system that reads the extracts. It relies only on the contract: the announcement, the manifest, and the
files by key and version.

    external_system.py subscribe <topic ARN>           subscribes a new queue and prints its URL
    external_system.py receive <queue URL>             prints the received messages as JSON
    external_system.py fetch <bucket> <manifest key>   reads a month and prints its content as JSON
"""

import csv
import hashlib
import io
import json
import sys

import boto3


def subscribe(topic_arn: str) -> str:
    sqs = boto3.client("sqs")
    name = topic_arn.split(":")[-1] + "-subscriber"
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
    return queue_url


def receive(queue_url: str) -> list[dict[str, str]]:
    sqs = boto3.client("sqs")
    messages = []
    while received := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        for message in received:
            body = json.loads(message["Body"])
            messages.append({"subject": body["Subject"], "message": body["Message"]})
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return messages


def fetch(bucket: str, manifest_key: str) -> dict[str, object]:
    s3 = boto3.client("s3")
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=manifest_key)["Body"].read())
    files = []
    for file in manifest["files"]:
        answer = s3.get_object(Bucket=bucket, Key=file["key"], VersionId=file["versionId"])
        content = answer["Body"].read()
        if (found := hashlib.sha256(content).hexdigest()) != file["sha256"]:
            raise SystemExit(f"{file['key']}: SHA-256 {found}, but the manifest says {file['sha256']}")
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
        if len(rows) != file["rowCount"]:
            raise SystemExit(f"{file['key']}: {len(rows)} rows, but the manifest says {file['rowCount']}")
        files.append(
            {
                "bankId": file["bankId"],
                "key": file["key"],
                "rowCount": len(rows),
                "loanTotal": str(sum(int(row["loan_total"]) for row in rows)),
                "encryption": answer.get("ServerSideEncryption"),
                "kmsKeyArn": answer.get("SSEKMSKeyId"),
            }
        )
    return {"month": manifest["month"], "revision": manifest["revision"], "files": files}


if __name__ == "__main__":
    _, command, *arguments = sys.argv
    result = {"subscribe": subscribe, "receive": receive, "fetch": fetch}[command](*arguments)
    print(json.dumps(result))
