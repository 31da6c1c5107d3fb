"""Stands in for the one call of Glue's own library that the job makes; it is on no registry, and Glue alone has it."""

import json
import os
from typing import Any


class GlueContext:
    def __init__(self, spark_context: Any) -> None:
        assert spark_context is not None

    def extract_jdbc_conf(self, connection_name: str) -> dict[str, str]:
        connections: dict[str, dict[str, str]] = json.loads(os.environ["GLUE_CONNECTIONS"])
        return connections[connection_name]
