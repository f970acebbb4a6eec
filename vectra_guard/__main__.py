"""``python -m vectra_guard`` is ``vg``."""

import sys

from vectra_guard.cli.main import main

sys.exit(main())
