"""Clients of AWS, or of an emulator that is verified against a certificate authority of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config


def connect(service: str, endpoint: str | None, ca: Path | None, region: str) -> Any:
    """Returns a client of a service; credentials are those of the environment."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        verify=None if ca is None else str(ca),
        config=Config(retries={"mode": "standard", "max_attempts": 8}),
    )
