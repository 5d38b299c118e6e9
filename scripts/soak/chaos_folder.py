"""Importing this makes the modules of scripts/chaos and scripts/local importable."""

from __future__ import annotations

import sys
from pathlib import Path

_SCRIPTS = Path(__file__).resolve().parents[1]
sys.path += [str(_SCRIPTS / "chaos"), str(_SCRIPTS / "local")]
