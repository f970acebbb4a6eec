"""Where gem, bundler, composer, maven and gradle get packages."""

from __future__ import annotations

import glob
import os
import re

from vectra_guard.sandbox.registries import ask
from vectra_guard.sandbox.registries.base import Answer, Question

_GRADLE_CLASSES = ("ArtifactRepositoryContainer.class", "PluginRepositoriesProvider.class")
_MIRROR = re.compile(r"^BUNDLE_MIRROR__[^:]*(?::[^\n]*?)?:\s*[\"']?(https?://[^\s\"']+)", re.MULTILINE)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


# -- ruby --------------------------------------------------------------------------------------------------


def gem(question: Question) -> Answer:
    program = question.find("gem")
    said = ask.client([program, "sources", "--list"], question.env, question.home) if program else ""
    return _ruby(ask.urls_in(said))


def _ruby(urls: list[str]) -> Answer:
    hosts = ask.hosts_of(urls)
    # Both clients read the compact index from the "index." name of a source's host.
    return Answer((*hosts, *(f"index.{host}" for host in hosts)), bool(hosts))


def bundler(question: Question) -> Answer:
    mirrors = [url for path in question.settings for url in _MIRROR.findall(_read(path))]
    mirrors += [value for name, value in question.env.items() if name.startswith("BUNDLE_MIRROR__")]
    found = gem(question.like("gem"))
    return Answer((*found.hosts, *ask.hosts_of(mirrors)), found.complete)


# -- php ---------------------------------------------------------------------------------------------------


def composer(question: Question) -> Answer:
    program = question.find("composer")
    if program is None:
        return Answer((), False)
    argv = [program, "config", "--global", "--list", "--no-plugins", "--no-interaction"]
    said = ask.client(argv, question.env, question.home)
    lines = [line for line in said.splitlines() if re.match(r"\[repositories\.[^\]]*url\]", line)]
    hosts = ask.hosts_of(url for line in lines for url in ask.urls_in(line))
    # The archives of most packages are a forge's, fetched through its programming interface.
    return Answer((*hosts, "api.github.com"), bool(hosts))


# -- jvm ---------------------------------------------------------------------------------------------------


def maven(question: Question) -> Answer:
    """Mirrors and repositories of the settings; the default of the super POM unless a mirror stands in for
    it."""
    from xml.etree import ElementTree  # the user's and the installation's own files

    urls: list[str] = []
    mirrored = False
    jars = _jars(question, "mvn", ("lib/maven-model-builder-*.jar",))
    for path in (*question.settings, *_conf(question, "mvn")):
        try:
            root = ElementTree.fromstring(_read(path))  # noqa: S314
        except ElementTree.ParseError:
            continue
        for node in root.iter():
            tag = node.tag.rpartition("}")[2]
            if tag in ("mirror", "repository", "pluginRepository"):
                row = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in node}
                if row.get("blocked") == "true":
                    continue  # a mirror that is only there to fail
                urls.append(row.get("url", ""))
                covered = {part.strip() for part in row.get("mirrorOf", "").split(",")}
                mirrored = mirrored or bool(covered & {"*", "central", "external:*"})
    if not mirrored:
        pom = "".join(_members(jars, ("pom-4.0.0.xml",)))
        urls += re.findall(r"<url>(https?://[^<]+)</url>", pom)
    return Answer(ask.hosts_of(urls), bool(jars) or mirrored)


def gradle(question: Question) -> Answer:
    """Gradle's shorthand for the central repository and its plugin portal are constants of its own
    classes."""
    urls = [url for path in question.settings for url in ask.urls_in(_read(path))]
    jars = _jars(question, "gradle", ("lib/gradle-core-api-*.jar", "lib/**/gradle-plugin-use-*.jar"))
    classes = "".join(_members(jars, _GRADLE_CLASSES))
    urls += re.findall(r"https?://[a-z0-9.-]+\.[a-z]+", classes)
    central = maven(question.like("maven"))
    return Answer((*ask.hosts_of(urls), *central.hosts), bool(jars))


def _home(question: Question, command: str) -> str | None:
    """The installation behind a launcher: the folder above the ``bin`` that it really lies in."""
    program = question.find(command)
    return os.path.dirname(os.path.dirname(os.path.realpath(program))) if program else None


def _jars(question: Question, command: str, patterns: tuple[str, ...]) -> list[str]:
    home = _home(question, command)
    if home is None:
        return []
    return [jar for pattern in patterns for jar in glob.glob(f"{home}/{pattern}", recursive=True)]


def _conf(question: Question, command: str) -> tuple[str, ...]:
    home = _home(question, command)
    return (f"{home}/conf/settings.xml",) if home else ()


def _members(jars: list[str], endings: tuple[str, ...]) -> list[str]:
    import zipfile

    texts = []
    for jar in jars:
        try:
            with zipfile.ZipFile(jar) as archive:
                names = [name for name in archive.namelist() if name.endswith(endings)]
                texts += [archive.read(name).decode("latin-1") for name in names]
        except (OSError, zipfile.BadZipFile):
            continue
    return texts
