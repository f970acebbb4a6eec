"""Every configuration key: its type, default, meaning, and which direction of change is tighter.

The dataclasses below are the one definition: the loader, ``vg config schema``, ``vg init`` and the rule that a
project file can only tighten all read it. A key that is not here is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

GuardLevel = Literal["auto", "off", "low", "medium", "high", "paranoid"]
Tighten = Literal["order", "grow", "shrink", "true", "false", "less", "user"]
"""How a project file may change a key before ``vg config allow``. ``order``: later in ``order`` is tighter;
``grow``: a list may only gain entries; ``shrink``: may only lose entries; ``true``/``false``: may only become
that; ``less``: a number may only fall; ``user``: not at all."""


def key(doc: str, tighten: Tighten, default: Any = None, *, order: tuple[str, ...] = (), factory: Any = None) -> Any:
    """A dataclass field with its documentation and its direction."""
    metadata = {"doc": doc, "tighten": tighten, "order": order}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class CustomRule:
    """A rule in the schema of ``vectra_guard/rules/*.yaml`` (see docs/rules.md), kept as loaded."""

    data: dict[str, Any]
    source: str  # FILE:LINE
    project: bool = False  # from a project file: can raise, never lower


@dataclass(frozen=True, slots=True)
class Policies:
    allowlist: tuple[str, ...] = key(
        "Commands (parsed prefixes) that run on the host without a question.", "shrink", ()
    )
    denylist: tuple[str, ...] = key("Commands (parsed prefixes) that never run.", "grow", ())
    rules: tuple[CustomRule, ...] = key("Own rules, in the schema of the shipped ones.", "grow", ())
    disable: tuple[str, ...] = key("Ids of shipped rules that do not apply (never for critical ones).", "shrink", ())


@dataclass(frozen=True, slots=True)
class Sandbox:
    enabled: bool = key("Whether risky commands are sandboxed at all.", "true", True)
    mode: Literal["auto", "always", "risky", "never"] = key(
        "What is sandboxed: auto (medium and up), risky (high and up), always, never.",
        "order",
        "auto",
        order=("never", "risky", "auto", "always"),
    )
    security_level: Literal["permissive", "balanced", "strict", "paranoid"] = key(
        "Strength of the sandbox.", "order", "balanced", order=("permissive", "balanced", "strict", "paranoid")
    )
    runtime: Literal["auto", "bubblewrap", "podman", "docker"] = key("Which runtime isolates.", "user", "auto")
    image: str = key("Container image, for podman and docker.", "user", "")
    images: dict[str, str] = key("Container image by package manager.", "user", factory=dict)
    timeout: int = key("Seconds after which a sandboxed run is ended; 0: never.", "less", 0)
    enable_cache: bool = key("Whether package caches are shared with sandboxes.", "false", True)
    cache_dirs: tuple[str, ...] = key("Further folders to treat as caches.", "user", ())
    network_mode: Literal["level", "full", "restricted", "none"] = key(
        "Network of the sandbox; level: what the security level says.",
        "order",
        "level",
        order=("full", "level", "restricted", "none"),
    )
    allowed_hosts: tuple[str, ...] = key("Hosts (host, host:port, *.host) reachable in restricted mode.", "shrink", ())
    private_hosts: tuple[str, ...] = key("Allowed hosts that may be on private addresses.", "shrink", ())
    seccomp_profile: str = key("default, strict, none, or the path of an OCI JSON profile.", "user", "")
    env_whitelist: tuple[str, ...] = key("Environment variables passed in, besides the built-in ones.", "shrink", ())
    env: dict[str, str] = key("Variables to set inside.", "user", factory=dict)
    bind_mounts: tuple[str, ...] = key("Further folders: PATH[:TARGET][:ro|rw].", "shrink", ())
    workspace: Literal["auto", "direct", "review", "ro"] = key(
        "How the project folder appears inside; auto: by the command and level.",
        "order",
        "auto",
        order=("direct", "auto", "review", "ro"),
    )
    review_unattended: Literal["keep", "drop", "pending"] = key(
        "What becomes of the changes of a reviewed run where nobody can answer; pending: they wait for `vg review`.",
        "order",
        "pending",
        order=("keep", "drop", "pending"),
    )
    memory: str = key("Memory of the whole run, such as 1g; empty: by level.", "user", "")
    cpus: float = key("Processors; 0: by level.", "user", 0.0)
    pids: int = key("Processes; 0: by level.", "user", 0)
    when_unattended: Literal["sandbox", "block"] = key(
        "What becomes of a command that would ask where nobody can answer.",
        "order",
        "block",
        order=("sandbox", "block"),
    )
    enable_metrics: bool = key("Whether sandboxed runs are counted.", "user", True)
    log_output: bool = key("Whether the output of sandboxed runs is kept in the log.", "user", False)
    trust_store_path: str = key("Where the state database lies; empty: the user's state folder.", "user", "")


@dataclass(frozen=True, slots=True)
class EnvProtection:
    enabled: bool = key("Whether protected variables are masked inside sandboxes.", "true", True)
    masking_mode: Literal["partial", "full", "hash", "fake"] = key(
        "How a protected variable's value is shown.", "order", "full", order=("partial", "fake", "hash", "full")
    )
    protected_vars: tuple[str, ...] = key("Variables (glob patterns) besides the built-in ones.", "grow", ())
    allow_read_vars: tuple[str, ...] = key("Variables that may be read although they look secret.", "shrink", ())
    block_env_access: bool = key("Whether printing the whole environment asks.", "true", False)
    block_dotenv_read: bool = key("Whether dotenv files are hidden inside sandboxes.", "true", True)


@dataclass(frozen=True, slots=True)
class ProductionIndicators:
    branches: tuple[str, ...] = key(
        "Git branches (glob patterns) that mean production.", "grow", ("production", "prod", "release")
    )
    hosts: tuple[str, ...] = key("Host names that mean production.", "grow", ("prod-*", "*-prod", "*.prod.*"))
    kube_contexts: tuple[str, ...] = key("Kubernetes contexts that mean production.", "grow", ("*prod*",))
    cloud_profiles: tuple[str, ...] = key("Cloud profiles that mean production.", "grow", ("*prod*",))
    paths: tuple[str, ...] = key("Folders that mean production.", "grow", ())


@dataclass(frozen=True, slots=True)
class Prompt:
    notices: Literal["all", "sandbox", "none"] = key("Which one-line notices are shown.", "user", "all")
    emoji: bool = key("Emoji in notices, where the terminal can show them.", "user", True)
    color: bool = key("Colour, unless NO_COLOR is set.", "user", True)
    screen_reader: bool = key("Plain sentences, nothing redrawn.", "user", False)
    language: str = key("Language of messages; empty: from the locale.", "user", "")
    timeout: int = key("Seconds after which an unanswered prompt means no; 0: never.", "user", 0)


@dataclass(frozen=True, slots=True)
class Trust:
    default_duration: str = key("Offered first when remembering: 30m 24h 7d 2w never.", "user", "7d")
    suggest_after: int = key("Approvals after which remembering is suggested; 0: never.", "user", 3)


@dataclass(frozen=True, slots=True)
class Metrics:
    enabled: bool = key("Whether runs are counted.", "user", True)
    history: int = key("Runs kept one by one.", "user", 100)


@dataclass(frozen=True, slots=True)
class Logging:
    level: Literal["error", "warning", "info", "debug"] = key("What is logged.", "user", "warning")
    file: str = key("Log file; empty: the user's state folder.", "user", "")
    audit: Literal["off", "risky", "all"] = key(
        "What `vg audit` keeps: risky (medium and up, and all that did not simply run on the host), all, or nothing.",
        "order",
        "risky",
        order=("off", "risky", "all"),
    )


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in force. Built by ``config.layers.load``; defaults alone are ``Config()``."""

    guard_level: GuardLevel = key(
        "What asks first: low (critical), medium and auto (high), high (medium), paranoid (all), off.",
        "order",
        "auto",
        order=("off", "low", "medium", "auto", "high", "paranoid"),  # auto is medium, or high where it counts
    )
    policies: Policies = field(default_factory=Policies)
    sandbox: Sandbox = field(default_factory=Sandbox)
    env_protection: EnvProtection = field(default_factory=EnvProtection)
    production_indicators: ProductionIndicators = field(default_factory=ProductionIndicators)
    prompt: Prompt = field(default_factory=Prompt)
    trust: Trust = field(default_factory=Trust)
    metrics: Metrics = field(default_factory=Metrics)
    logging: Logging = field(default_factory=Logging)
