"""Rules of AWS that botocore's service models do not state, each with its source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import regex

# Amazon EC2 API Reference, CreateSecurityGroup and IpRange: at most 255 of these characters.
EC2_TEXT = r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}"
# Amazon S3 User Guide, "General purpose bucket naming rules".
BUCKET = r"(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)"
# Amazon SNS API Reference, Publish: ASCII without control characters, fewer than 100, no space at the start.
SUBJECT = r"[!-~][ -~]{0,98}"
# IAM User Guide, "IAM and AWS STS quotas": a role's inline policies have at most 10,240 characters without white space.
ROLE_POLICY_CHARACTERS = 10_240

# By operation: what each member has to match.
TEXTS = {
    "CreateSecurityGroup": {"GroupName": EC2_TEXT, "Description": EC2_TEXT},
    "AuthorizeSecurityGroupIngress": {"IpPermissions[].IpRanges[].Description": EC2_TEXT},
    "CreateBucket": {"Bucket": BUCKET},
    "Publish": {"Subject": SUBJECT},
}
# The members that describe a rule of a security group, in each of its notations.
RULE_OPERATIONS = (
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "ModifySecurityGroupRules",
    "UpdateSecurityGroupRuleDescriptionsIngress",
    "UpdateSecurityGroupRuleDescriptionsEgress",
)


def refused_besides(operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    for member, pattern in TEXTS.get(operation, {}).items():
        text = parameters.get(member)
        if isinstance(text, str) and not regex.fullmatch(pattern, text):
            yield f".{member}", f"does not match {pattern}", text
    if operation in RULE_OPERATIONS:
        for path, text in descriptions(parameters):
            if not regex.fullmatch(EC2_TEXT, text):
                yield path, f"does not match {EC2_TEXT}", text
    if operation == "PutRolePolicy":
        policy = "".join(str(parameters.get("PolicyDocument", "")).split())
        if len(policy) > ROLE_POLICY_CHARACTERS:
            yield ".PolicyDocument", f"at most {ROLE_POLICY_CHARACTERS} characters", policy
    if operation in ("CreateKey", "PutKeyPolicy"):
        yield from refused_key_policy(json.loads(parameters.get("Policy") or "{}"))
    if operation == "PutTargets":
        yield from refused_targets(parameters.get("Targets", []))
    if operation == "PutObject" and len(str(parameters.get("Key", "")).encode()) > 1024:
        yield ".Key", "at most 1024 bytes", parameters["Key"]


def descriptions(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "Description" and isinstance(member, str):
                yield f"{path}.{name}", member
            else:
                yield from descriptions(member, f"{path}.{name}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from descriptions(member, f"{path}[{index}]")


def refused_key_policy(policy: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    """Amazon SNS Developer Guide, "Enable compatibility between event sources from AWS services and encrypted topics":
    EventBridge's requests to the key of a topic have no source."""
    for statement in listed(policy.get("Statement", [])):
        principal = statement.get("Principal")
        services = listed(principal.get("Service", [])) if isinstance(principal, dict) else []
        keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
        sources = keys & {"aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID"}
        if "events.amazonaws.com" in services and sources:
            yield ".Policy", "EventBridge could not publish to a topic that this key encrypts", sorted(sources)


def refused_targets(targets: list[dict[str, Any]]) -> Iterator[tuple[str, str, object]]:
    """Amazon EventBridge User Guide, "Input transformation": a template names its variables as <variable>."""
    for target in targets:
        transformer = target.get("InputTransformer", {})
        template = transformer.get("InputTemplate", "")
        for variable in transformer.get("InputPathsMap", {}):
            if f"<{variable}>" not in template:
                yield ".Targets[].InputTransformer", f"the template does not use <{variable}>", template


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
