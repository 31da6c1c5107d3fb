"""Prints, as JSON, the permissions that CloudFormation's handlers need for the resources of a template, by logical id:
`permissions.py <template>`. The handlers' schemas are AWS's own; they come with cfn-lint, in Moto's Python.

A deployment creates, reads, updates and deletes. CloudFormation gives what it makes the tags of the stack, so the
permissions for tags belong to it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cfnlint

SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
REGION = "eu-west-1"
HANDLERS = ("create", "read", "update", "delete")


def schema_of(kind: str, providers: dict[str, str]) -> dict[str, Any]:
    file = SCHEMAS / "resources" / f"{providers[kind]}.json"
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def permissions_of(schema: dict[str, Any]) -> list[str]:
    handlers = schema.get("handlers", {})
    needed = {permission for name in HANDLERS for permission in handlers.get(name, {}).get("permissions", [])}
    needed.update(schema.get("tagging", {}).get("permissions", []))
    return sorted(needed)


def main(template: str) -> None:
    providers = json.loads((SCHEMAS / "providers" / f"{REGION}.json").read_text(encoding="utf-8"))
    resources = json.loads(Path(template).read_text(encoding="utf-8"))["Resources"]
    schemas = {kind: schema_of(kind, providers) for kind in {each["Type"] for each in resources.values()}}
    print(json.dumps({name: permissions_of(schemas[each["Type"]]) for name, each in resources.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
