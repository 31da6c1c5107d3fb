"""Replaces Glue's own library, which no registry has. It implements the only call that the job makes."""

import json
import os
from typing import Any


class GlueContext:
    def __init__(self, spark_context: Any) -> None:
        assert spark_context is not None

    def extract_jdbc_conf(self, connection_name: str) -> dict[str, str]:
        connections: dict[str, dict[str, str]] = json.loads(os.environ["GLUE_CONNECTIONS"])
        return connections[connection_name]
