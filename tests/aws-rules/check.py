"""Holds requests and CloudFormation templates against AWS's own rules: the service models in botocore (required
members, lengths, ranges, patterns, enums), and rules that only the API references state (rules.py).

    check.py requests <file>    one recorded request per line, as JSON; prints what AWS would refuse
    check.py template <file>    a CloudFormation template, as JSON; prints what the services would refuse
    check.py known              requests that AWS is known to refuse; fails if one of them passes
    check.py operations <file>  prints the operations of recorded requests, with their parameters, as JSON

It runs in Moto's Python, which has botocore, and Moto's parsers for the protocols of AWS.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import regex
from botocore.model import OperationNotFoundError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from rules import refused_besides
from werkzeug.exceptions import NotFound

# Signing names that differ from the names of the service models.
SERVICES = {"monitoring": "cloudwatch", "states": "stepfunctions"}


class Finding(NamedTuple):
    """A value that AWS refuses."""

    operation: str
    member: str
    why: str
    value: object

    def __str__(self) -> str:
        value = json.dumps(self.value, default=str, ensure_ascii=False)
        return f"{self.operation} {self.member}: {self.why}: {value[:300]}"


# --- The service models -----------------------------------------------------------------------------------------------


def refused(shape: Any, value: Any, path: str = "") -> Iterator[tuple[str, str, object]]:
    """The parts of a value that its shape does not allow: where, why, and the value there."""
    if value is None or is_intrinsic(value):
        return
    if shape.type_name == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"{path}.{name}", "required", None
        for name, member in value.items():
            if name in shape.members:
                yield from refused(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        yield from out_of_range(shape, len(value), value, path, "items")
        for index, member in enumerate(value):
            yield from refused(shape.member, member, f"{path}[{index}]")
    elif shape.type_name == "map":
        yield from out_of_range(shape, len(value), value, path, "entries")
        for key, member in value.items():
            yield from refused(shape.key, key, f"{path}.{key}")
            yield from refused(shape.value, member, f"{path}.{key}")
    elif shape.type_name == "string":
        yield from refused_text(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from out_of_range(shape, float(value), value, path, "")


def refused_text(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str, object]]:
    text = str(value)
    yield from out_of_range(shape, len(text), text, path, "characters")
    enum = shape.metadata.get("enum")
    if enum and text not in enum:
        yield path, f"expected one of {', '.join(enum)}", text
    pattern = shape.metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(text):
        yield path, f"does not match {pattern}", text


def out_of_range(shape: Any, size: float, value: object, path: str, unit: str) -> Iterator[tuple[str, str, object]]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield path, f"at least {least} {unit}".strip(), value
    if most is not None and size > most:
        yield path, f"at most {most} {unit}".strip(), value


def compiled(pattern: str) -> regex.Pattern[str]:
    """A pattern as AWS writes it, for Java: there, characters beyond U+FFFF are pairs."""
    return regex.compile(pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"), regex.V0)


def is_intrinsic(value: object) -> bool:
    """Whether CloudFormation computes the value when it deploys."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def findings(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Finding]:
    shape = get_service_model(service).operation_model(operation).input_shape
    name = f"{service}:{operation}"
    for path, why, value in refused(shape, parameters) if shape else ():
        yield Finding(name, path.lstrip("."), why, value)
    for path, why, value in refused_besides(operation, parameters):
        yield Finding(name, path.lstrip("."), why, value)


# --- Recorded requests ------------------------------------------------------------------------------------------------


def service_of(headers: Mapping[str, str]) -> str:
    """From the scope of the signature: <key>/<date>/<region>/<service>/aws4_request."""
    signed = regex.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request", headers.get("authorization", ""))
    if signed is None:
        raise ValueError("the request is not signed")
    return SERVICES.get(signed[1], signed[1])


def parsed(recorded: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    headers: dict[str, str] = recorded["headers"]
    service = service_of(headers)
    url = urlsplit(recorded["url"])
    request = Request.from_values(
        method=recorded["method"],
        path=url.path,
        query_string=url.query,
        base_url="http://localhost/",
        headers=list(headers.items()),
        data=without_chunks(headers, base64.b64decode(recorded["body"])),
        environ_overrides={"RAW_URI": recorded["url"], "REQUEST_URI": recorded["url"]},
    )
    operation, uri_parameters = operation_of(service, request)
    protocol = determine_request_protocol(operation.service_model, request.content_type)
    request_parts = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": request.get_data(cache=True, parse_form_data=protocol in ("query", "ec2")),
        "url_path": request.path,
        "url_params": uri_parameters,
    }
    return service, operation.name, PROTOCOL_PARSERS[protocol](operation).parse(request_parts)


def operation_of(service: str, request: Request) -> tuple[Any, dict[str, Any]]:
    target = request.headers.get("X-Amz-Target")
    if target is None:
        return get_service_router(service).match(request)
    # The part before the dot differs between SDKs.
    return get_service_model(service).operation_model(target.rpartition(".")[2]), {}


def without_chunks(headers: Mapping[str, str], body: bytes) -> bytes:
    """S3's bodies can be in chunks with signatures or a trailing checksum. No rule is about these bodies."""
    return b"" if headers.get("x-amz-content-sha256", "").startswith("STREAMING-") else body


# Ids that Moto makes up in another form than AWS, so that Terraform sends them back.
IDS_OF_MOTO = {("transfer:DeleteSshPublicKey", "SshPublicKeyId")}


def check_requests(file: str) -> int:
    counts: dict[str, int] = {}
    found: set[str] = set()
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            recorded = json.loads(line)
            try:
                service, operation, parameters = parsed(recorded)
            except (LookupError, NotFound, OperationNotFoundError, ValueError) as error:
                found.add(f"not understood: {recorded['method']} {recorded['url']}: {error!r}")
                continue
            counts[f"{service}:{operation}"] = counts.get(f"{service}:{operation}", 0) + 1
            found.update(
                str(finding)
                for finding in findings(service, operation, parameters)
                if (finding.operation, finding.member) not in IDS_OF_MOTO
            )
    if not counts:
        raise SystemExit("no request was recorded")
    print(f"{sum(counts.values())} requests of {len(counts)} operations", file=sys.stderr)
    return report(found)


def list_operations(file: str) -> int:
    with open(file, encoding="utf-8") as lines:
        requests = [parsed(json.loads(line)) for line in lines]
    distinct = {
        json.dumps({"service": service, "operation": operation, "parameters": parameters}, default=str)
        for service, operation, parameters in requests
    }
    print(f"[{','.join(sorted(distinct))}]")
    return 0


# --- CloudFormation templates -----------------------------------------------------------------------------------------


class Creation(NamedTuple):
    """The call with which CloudFormation creates a resource, and how its properties become the call's members."""

    service: str
    operation: str
    parameters: Callable[[dict[str, Any]], dict[str, Any]]


def same(properties: dict[str, Any]) -> dict[str, Any]:
    return properties


def role(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        **properties,
        # CloudFormation makes a name for a role that has none.
        "RoleName": properties.get("RoleName", "a-role"),
        "AssumeRolePolicyDocument": json.dumps(properties.get("AssumeRolePolicyDocument"), ensure_ascii=False),
    }


def log_group(properties: dict[str, Any]) -> dict[str, Any]:
    return {xform_camel(name): value for name, value in properties.items()}


def xform_camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def rule(properties: dict[str, Any]) -> dict[str, Any]:
    pattern = properties.get("EventPattern")
    return {
        **properties,
        "Name": properties.get("Name", "a-rule"),
        "EventPattern": None if pattern is None else json.dumps(pattern),
    }


def named(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda properties: {**properties, name: properties.get(name, "a-name")}


def camel(value: Any) -> Any:
    if isinstance(value, list):
        return [camel(each) for each in value]
    if not isinstance(value, dict) or is_intrinsic(value):
        return value
    return {xform_camel(name): camel(each) for name, each in value.items()}


def state_machine(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        **camel({name: value for name, value in properties.items() if name != "Definition"}),
        "name": properties.get("StateMachineName", "a-machine"),
        "definition": json.dumps(properties.get("Definition"), ensure_ascii=False),
    }


def queue(properties: dict[str, Any]) -> dict[str, Any]:
    attributes = {name: value for name, value in properties.items() if name != "QueueName"}
    return {
        "QueueName": properties.get("QueueName", "a-queue"),
        "Attributes": {name: json.dumps(value) for name, value in attributes.items()},
    }


CREATIONS = {
    "AWS::CloudWatch::Alarm": Creation("cloudwatch", "PutMetricAlarm", named("AlarmName")),
    "AWS::DynamoDB::Table": Creation("dynamodb", "CreateTable", named("TableName")),
    "AWS::Lambda::EventSourceMapping": Creation("lambda", "CreateEventSourceMapping", same),
    "AWS::SNS::Subscription": Creation("sns", "Subscribe", same),
    "AWS::SNS::Topic": Creation("sns", "CreateTopic", lambda properties: {"Name": properties.get("TopicName")}),
    "AWS::SQS::Queue": Creation("sqs", "CreateQueue", queue),
    "AWS::StepFunctions::StateMachine": Creation("stepfunctions", "CreateStateMachine", state_machine),
    "AWS::Lambda::Function": Creation("lambda", "CreateFunction", same),
    "AWS::Lambda::EventInvokeConfig": Creation("lambda", "PutFunctionEventInvokeConfig", same),
    "AWS::Lambda::Permission": Creation(
        "lambda", "AddPermission", lambda properties: {**properties, "StatementId": "a-statement"}
    ),
    "AWS::IAM::Role": Creation("iam", "CreateRole", role),
    "AWS::Logs::LogGroup": Creation("logs", "CreateLogGroup", log_group),
    "AWS::Scheduler::Schedule": Creation("scheduler", "CreateSchedule", named("Name")),
    "AWS::Events::Rule": Creation("events", "PutRule", rule),
}
# No call creates them by itself, or this project does not set any of their properties.
UNCHECKED = {
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::Lambda::Version",
    "AWS::IAM::Policy",
    "AWS::SQS::QueuePolicy",
}


def check_template(file: str) -> int:
    with open(file, encoding="utf-8") as text:
        resources = json.load(text)["Resources"]
    found: set[str] = set()
    for name, resource in resources.items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind in UNCHECKED:
            continue
        if kind not in CREATIONS:
            found.add(f"{name}: no call is known that creates {kind}: add it to CREATIONS or UNCHECKED in {__file__}")
            continue
        service, operation, parameters = CREATIONS[kind]
        found.update(f"{name}: {finding}" for finding in findings(service, operation, parameters(properties)))
        for policy in properties.get("Policies", []):
            document = json.dumps(policy["PolicyDocument"], ensure_ascii=False)
            inline = {"RoleName": "a-role", "PolicyName": policy["PolicyName"], "PolicyDocument": document}
            found.update(f"{name}: {finding}" for finding in findings("iam", "PutRolePolicy", inline))
    print(f"{len(resources)} resources", file=sys.stderr)
    return report(found)


def report(found: set[str]) -> int:
    for finding in sorted(found):
        print(finding)
    return 1 if found else 0


# --- What is known to be refused --------------------------------------------------------------------------------------

KNOWN: list[tuple[str, str, dict[str, Any]]] = [
    ("ec2", "CreateSecurityGroup", {"GroupName": "glue", "Description": "Glue's connection"}),
    (
        "ec2",
        "AuthorizeSecurityGroupIngress",
        {"IpPermissions": [{"UserIdGroupPairs": [{"Description": "Spark's executors"}]}]},
    ),
    (
        "iam",
        "PutRolePolicy",
        {
            "RoleName": "a",
            "PolicyName": "b",
            "PolicyDocument": '{"Resource": "arn:aws:s3:::a/\u0141\u00f3d\u017aBank/*"}',
        },
    ),
    ("iam", "CreateRole", {"RoleName": "a" * 65, "AssumeRolePolicyDocument": "{}"}),
    ("iam", "CreateRole", {"AssumeRolePolicyDocument": "{}"}),
    ("glue", "CreateJob", {"Name": "a", "Role": "b", "Command": {}, "WorkerType": "G.1X", "ExecutionClass": "CHEAP"}),
    (
        "transfer",
        "CreateUser",
        {"ServerId": "s-01234567890123456", "UserName": "no", "Role": "arn:aws:iam::123456789012:role/a"},
    ),
    ("s3", "CreateBucket", {"Bucket": "Not_A_Bucket"}),
    ("sns", "Publish", {"Message": "a", "Subject": "F\u00fcr alle"}),
    ("cloudwatch", "PutMetricAlarm", {"AlarmName": "a", "ComparisonOperator": "Above", "EvaluationPeriods": 1}),
    ("logs", "CreateLogGroup", {"logGroupName": "no spaces"}),
    (
        "kms",
        "CreateKey",
        {
            "Policy": '{"Statement": {"Principal": {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]},'
            ' "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}}'
        },
    ),
    (
        "events",
        "PutTargets",
        {
            "Rule": "a",
            "Targets": [
                {
                    "Id": "b",
                    "Arn": "arn:aws:sns:eu-west-1:123456789012:c",
                    "InputTransformer": {
                        "InputPathsMap": {"state": "$.detail.state"},
                        "InputTemplate": '"\\u003cstate\\u003e"',
                    },
                }
            ],
        },
    ),
]


def check_known() -> int:
    passed = [request for request in KNOWN if not any(findings(*request))]
    for service, operation, parameters in passed:
        print(f"passes, although AWS refuses it: {service}:{operation} {parameters}")
    return 1 if passed else 0


if __name__ == "__main__":
    _, command, *arguments = sys.argv
    commands: dict[str, Callable[..., int]] = {
        "requests": check_requests,
        "template": check_template,
        "known": check_known,
        "operations": list_operations,
    }
    sys.exit(commands[command](*arguments))
