"""Importing this makes importable what the benchmark takes from the function and from its tests."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

sys.path += [str(ROOT / folder) for folder in ("lambda", "scripts/local", "src/test/python")]
