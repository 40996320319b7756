"""Where files that are no code lie: in a checkout beside the package, in an installed wheel inside it.

In: nothing. Out: paths. Reads nothing.
"""

from __future__ import annotations

from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent

#: Whether the package lies in a checkout. A wheel holds the same files in a folder of the package.
IS_CHECKOUT = (_PACKAGE.parent / "templates").is_dir() and (_PACKAGE.parent / "app.py").is_file()

#: The folder that holds `static/`, `templates/` and `emotion_params.json`.
ROOT = _PACKAGE.parent if IS_CHECKOUT else _PACKAGE / "files"

#: Where imported tracks and the secret key are kept unless INSTANCE_DIR names another folder. An environment that
#: `pipx run` made vanishes after the command: an installed program keeps its data where the user's data belong.
DEFAULT_INSTANCE_DIR = ROOT / "instance" if IS_CHECKOUT else Path(platformdirs.user_data_dir("feelharmonic", False))
