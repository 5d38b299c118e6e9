"""Importing this makes the modules of lambda/ importable: some of them serve here as well.

A program of this folder is started by its path, so that Python finds only this folder by itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "lambda"))
