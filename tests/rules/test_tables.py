"""What the option tables make of an argv, where a tool's own words decide whether anything happens."""

from __future__ import annotations

import pytest
from test_examples import fired


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("helm upgrade x ./c --version 1.2", "k8s.change"),  # the chart's version, not helm's
        ("dnf -q -y install vim", "install.system-other"),  # quiet, where rpm's -q asks
        ("rpm -q vim", ""),
        ("mkfs.vfat -n USB /dev/sdc1", "disk.format"),  # a name, where mkfs.ext4's -n is a dry run
        ("mkfs.ext4 -n /dev/sdc1", ""),
        ("sgdisk -d 1 /dev/sda", "disk.partition"),  # deletes, where sfdisk's -d dumps
        ("sfdisk -d /dev/sda", ""),
        ("mysqladmin -f drop app", "database.drop"),  # force, where pg_restore's -f names a file
        ("kubectl --new-option x delete ns y", "k8s.delete-many"),  # an option that the table does not know
        ("aws s3 rb help", ""),
        ("helm repo list", ""),
        ("npm owner ls x", ""),
        ("ufw status verbose", ""),
        ("git help push", ""),
    ],
)
def test_forms_that_only_look_alike(line: str, rule: str) -> None:
    found = fired(line)
    assert (rule in found) if rule else not found


@pytest.mark.parametrize(
    "line",
    [
        "sudo ./x status",  # any program may be called with any word
        "sudo python3 x.py --list",
        "sudo systemctl restart nginx status",
        "sudo rm -f x --check",
    ],
)
def test_a_reading_word_does_not_excuse(line: str) -> None:
    assert fired(line)


@pytest.mark.parametrize("line", ["sudo foo status", "sudo foo --list", "sudo x show all", "sudo fsck -n /dev/sda1"])
def test_reading_as_root_is_free(line: str) -> None:
    assert not fired(line)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("foo destroy x", "verb.destroys"),
        ("foo pg:reset x", "verb.removes"),
        ("foo deploy", "verb.installs"),
        ("foo list delete", ""),
        ("foo delete.txt", ""),
        ("foo run destroy", ""),
        ("foo destroy --help", ""),
        ("./foo destroy", ""),
        ("sudo -n true destroy", ""),
        ("xargs foo delete", "verb.removes"),
    ],
)
def test_unknown_tools_by_their_verbs(line: str, rule: str) -> None:
    found = {r for r in fired(line) if r.startswith("verb.")}
    assert found == ({rule} if rule else set())
