"""A new user with nothing but a clean copy of the sources: the README's first command, then the main job again.

Only as root, who can make such a user; an ordinary user running the tests is one already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.conftest import need

ROOT = Path(__file__).resolve().parents[2]
USER = "vgtest"


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.skipif(os.getuid() != 0, reason="this run is by an ordinary user already")
def test_the_main_job_for_a_new_user() -> None:
    runuser = shutil.which("runuser")
    need(shutil.which("useradd") and runuser, "useradd and runuser")
    if subprocess.run(["id", USER], capture_output=True).returncode:
        subprocess.run(["useradd", "--create-home", USER], check=True)
    base = Path(tempfile.mkdtemp(prefix="vg-user-", dir="/var/tmp"))
    try:
        home, clone = base / "home", base / "home/clone"
        clone.mkdir(parents=True)
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        subprocess.run(
            ["cp", "--parents", "-t", str(clone), *files.decode().strip("\0").split("\0")], cwd=ROOT, check=True
        )
        subprocess.run(["chown", "-R", f"{USER}:", str(base)], check=True)
        base.chmod(0o755)
        env = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "SSL_", "NODE_", "GIT_SSL", "VG_REQUIRE"))}
        env |= {"HOME": str(home), "USER": USER, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        env["TMPDIR"] = str(home)
        job = (
            "python -m pip install -q pytest pexpect pyte && "
            f"exec python -m pytest -p no:cacheprovider --basetemp={home}/tmp tests/e2e/test_main_job.py"
        )
        done = subprocess.run(
            [str(runuser), "-u", USER, "--", "./install.sh", "--try", "--", "sh", "-c", job],
            cwd=clone,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert " passed" in done.stdout
    finally:
        shutil.rmtree(base, ignore_errors=True)
