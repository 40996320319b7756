"""`python app.py` with other timeouts, for tests of whole servers: production servers have no setting for them.

    python tests/support/serve.py '{"silence_s": 1.5}'

The argument is a JSON object of `feelharmonic.web.serving.timeouts.Timeouts`' fields.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

    from feelharmonic.web.serving import server

    server.patch_standard_library()

    from feelharmonic.app import create_app
    from feelharmonic.web.serving.timeouts import Timeouts

    sys.exit(server.main(create_app, Timeouts(**json.loads(sys.argv[1]))))
