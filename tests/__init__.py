"""Tests start many processes: what Python compiles is kept in the environment, whatever the machine says of bytecode.

Compiling the platform and its libraries again at each start takes longer than most of what is tested; set before anything of ours is
imported, and inherited by every process.
"""

import os
import sys
from pathlib import Path

sys.dont_write_bytecode = False
sys.pycache_prefix = str(Path(sys.prefix) / "bytecode")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
