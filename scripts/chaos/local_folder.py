"""Importing this makes the modules of scripts/local importable: chaos is the local environment."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "local"))
