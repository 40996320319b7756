"""`python app.py` with other timeouts, for tests of whole servers: production servers have no setting for them.

    python tests/support/serve.py '{"silence_s": 1.5}'

The argument is a JSON object of `feelharmonic.web.serving.timeouts.Timeouts`' fields. Beside them, `min_rate_hz` says
below how many frames a second a page leaves reading to the server: tests run side by side on busy machines.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

    from feelharmonic.web.serving import server

    server.patch_standard_library()

    from feelharmonic.app import create_app
    from feelharmonic.web import on_device
    from feelharmonic.web.serving.timeouts import Timeouts

    given = json.loads(sys.argv[1])
    on_device.MIN_RATE_HZ = given.pop("min_rate_hz", on_device.MIN_RATE_HZ)
    sys.exit(server.main(create_app, Timeouts(**given)))
