"""Names of places, as data for ``places``: what is an artefact, a secret, a start-up file, a system folder."""

from __future__ import annotations

import re

SYSTEM_TOPS = frozenset(
    [
        "bin", "boot", "etc", "lib", "lib32", "lib64", "libx32", "opt", "proc", "root", "sbin", "srv", "sys",
        "usr", "var", "run", "dev", "System", "Library", "Applications", "nix", "snap", "mnt", "media", "efi",
        "private", "cygdrive",
    ]
)  # fmt: skip
ROOT_ENTRIES = (
    "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "media", "mnt", "opt", "proc", "root", "run",
    "sbin", "srv", "sys", "tmp", "usr", "var", "Users", "System", "Library",
)  # fmt: skip
# Loss or change of these breaks the machine, its logins, or data that services own.
SYSTEM_CORE = (
    "/bin", "/boot", "/lib", "/lib32", "/lib64", "/sbin", "/efi", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64",
    "/usr/share", "/usr/include", "/usr/libexec", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow",
    "/etc/fstab", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssh", "/etc/pam.d", "/etc/systemd", "/etc/ld.so.preload",
    "/etc/ld.so.conf", "/etc/apt", "/etc/security", "/etc/crypttab", "/etc/hosts", "/etc/resolv.conf",
    "/etc/nsswitch.conf", "/etc/init.d", "/etc/grub.d", "/etc/default/grub", "/etc/ssl", "/etc/network",
    "/etc/netplan", "/var/lib", "/var/spool", "/sys", "/proc", "/System", "/Library",
)  # fmt: skip
AUTH_FILES = frozenset(
    ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers", "/etc/ld.so.preload"]
)
TEMP_PREFIXES = ("/tmp", "/var/tmp", "/private/tmp", "/private/var/tmp", "/var/folders")  # noqa: S108 - names only
HARMLESS_DEVICES = frozenset(
    ["null", "zero", "full", "random", "urandom", "tty", "stdin", "stdout", "stderr", "fd", "pts", "ptmx", "console"]
)
DEVICE = re.compile(
    r"(sd[a-z*?\[]|hd[a-z*?]|vd[a-z*?]|xvd[a-z]|nvme|mmcblk|r?disk\d|md\d|md/|dm-|mapper/(?!control)|sr\d|mtd|nbd|zd\d|"
    r"zvol|ram\d|loop\d|nst|st\d|sg\d|pmem|block/|disk/|vg[\w-]*/|rbd|drbd|bcache|mem$|kmem$|port$|root$|da\d|ada\d)"
)

ARTEFACT_DIRS = frozenset(
    [
        "node_modules", "target", "dist", "build", "__pycache__", ".venv", "venv", "env", ".cache",
        ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox", "coverage", "htmlcov", ".nyc_output",
        ".next", ".nuxt", ".svelte-kit", ".turbo", ".parcel-cache", ".gradle", ".terraform", "out", "obj",
        "_build", "cmake-build-debug", "cmake-build-release", ".eggs", ".hypothesis", ".ipynb_checkpoints",
        "bower_components", ".angular", ".output", ".vite", ".docusaurus", ".serverless", ".aws-sam", ".dart_tool",
        "DerivedData", "Pods", ".bundle", ".stack-work", "dist-newstyle", "zig-cache", "zig-out", ".zig-cache",
        ".cargo-target", "bazel-bin", "bazel-out", "bazel-testlogs", "public/build", ".expo", ".yarn-cache",
        "storybook-static", "site-packages", ".rpt2_cache", ".sass-cache", ".webpack", ".firebase", "tmp", "temp",
        ".tmp", "test-results", "playwright-report", "allure-results", ".scannerwork", "elm-stuff", "deps-cache",
        "_site", ".jekyll-cache", ".import-linter_cache", ".import_linter_cache",
    ]
)  # fmt: skip
ARTEFACT_FILES = tuple(
    re.compile(p)
    for p in (
        r".*\.(o|a|so|pyc|pyo|class|obj|lo|la|d|gcda|gcno|gcov|tmp|temp|swp|swo|log|tsbuildinfo|profraw|rlib|beam|hi|aux|toc|"
        r"orig|rej|pid|lock|cache|egg-info|map|whl|dSYM)$",
        r".*~$",
        r"\.DS_Store$|Thumbs\.db$|core(\.(\d+|\*))?$|a\.out$|\.coverage(\..*)?$|coverage\.xml$|nohup\.out$|npm-debug\.log.*|"
        r"yarn-error\.log|package-lock\.json$|\.eslintcache$|junit\.xml$|tags$|TAGS$|hs_err_pid.*|heaptrack\..*|cscope\.out$",
        r".*\.log(\.\d+|\.gz|\.\*)*$|.*\.egg-info$|cmake-build-.*|bazel-.*",
    )
)
CACHE_PREFIXES = (
    ".cache", ".npm/_cacache", ".npm/_logs", ".npm/_npx", ".cargo/registry", ".cargo/git", ".m2/repository",
    ".gradle/caches", ".gradle/daemon", "Library/Caches", "Library/Developer/Xcode/DerivedData", ".ccache",
    ".nuget/packages",
    ".yarn/cache", ".yarn/berry/cache", ".bun/install/cache", ".pnpm-store", ".local/share/pnpm/store", "go/pkg",
    ".composer/cache", ".thumbnails", ".gem/specs", ".ivy2/cache", ".sbt/boot", ".cpan/build", ".deno",
    ".local/share/uv", ".rustup/tmp", ".rustup/downloads", ".terraform.d/plugin-cache",
)  # fmt: skip

SECRET_NAMES = frozenset(
    [
        ".netrc", "_netrc", ".pgpass", ".my.cnf", ".mylogin.cnf", ".npmrc", ".pypirc", ".dockercfg", "credentials",
        "credentials.json", "secrets.json", "secrets.yaml", "secrets.yml", "secret.yaml", "secret.yml",
        "secrets.toml", "secret.json", ".htpasswd", ".git-credentials", "id_rsa", "id_dsa", "id_ecdsa",
        "id_ed25519", "service-account.json", "serviceaccount.json", "client_secret.json", "token.json",
        "master.key", "wallet.dat", ".vault-token", "vault.yml", "kubeconfig", "terraform.tfstate", ".s3cfg",
        ".boto", "keystore.jks", "shadow", "gshadow", "login.keychain-db", "key4.db", "logins.json",
        "application_default_credentials.json", ".vault_pass", ".vault-pass", "vault_pass.txt", ".passwd-s3fs",
        "auth.json", "secring.gpg", "production.key", "ssh_host_rsa_key", "ssh_host_ed25519_key",
        "ssh_host_ecdsa_key", "krb5.keytab", "privkey.pem", "private.key", "private.pem", "private_key.pem",
        ".pgpass.conf", "firebase-adminsdk.json",
    ]
)  # fmt: skip
SECRET_SUFFIXES = (
    ".pem", ".p12", ".pfx", ".key", ".ppk", ".kdbx", ".keystore", ".jks", ".keytab", ".kdb", ".agekey", ".ovpn",
    ".tfstate",
)  # fmt: skip
SECRET_HOME = (
    ".ssh/id_rsa", ".ssh/id_dsa", ".ssh/id_ecdsa", ".ssh/id_ed25519", ".ssh/id_ed25519_sk", ".ssh/identity",
    ".ssh/*.pem", ".ssh/keys",
    ".aws/credentials", ".aws/sso", ".aws/cli/cache", ".gnupg", ".kube/config", ".docker/config.json", ".netrc",
    ".pgpass", ".my.cnf",
    ".git-credentials", ".config/git/credentials", ".config/gh/hosts.yml", ".config/gcloud", ".azure", ".npmrc",
    ".pypirc",
    ".password-store", ".local/share/keyrings", ".config/op", ".vault-token", ".config/rclone/rclone.conf",
    ".terraform.d/credentials.tfrc.json",
    ".config/hub", ".config/doctl/config.yaml", ".config/heroku", ".gem/credentials", ".cargo/credentials",
    ".cargo/credentials.toml",
    ".bash_history", ".zsh_history", ".mysql_history", ".psql_history", ".python_history", ".node_repl_history",
    ".local/share/fish/fish_history",
    ".mozilla", ".config/google-chrome", ".config/chromium", ".config/BraveSoftware", ".thunderbird", ".bitcoin",
    ".ethereum",
    ".config/solana/id.json", ".electrum", "Library/Keychains", ".config/sops/age/keys.txt", ".age",
    ".config/Bitwarden CLI",
    ".oci", ".fly/config.yml", ".config/configstore", ".netlify", ".composer/auth.json", ".m2/settings.xml",
    ".s3cfg", ".boto",
)  # fmt: skip
SECRET_DIRS = frozenset((
    ".ssh", ".aws", ".gnupg", ".kube", ".docker", ".azure", ".password-store", ".config/gcloud", ".vault",
))  # fmt: skip
SECRET_SYSTEM = (
    "/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssl/private",
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/pki", "/etc/letsencrypt/live", "/etc/letsencrypt/archive", "/etc/krb5.keytab",
    "/var/run/secrets", "/run/secrets",
    "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/wireguard",
    "/etc/ppp/chap-secrets",
    "/etc/rancher/k3s/k3s.yaml", "/etc/NetworkManager/system-connections", "/etc/master.passwd", "/etc/security/passwd",
    "/etc/machine-key", "/var/lib/kubelet/pki", "/etc/openvpn",
)  # fmt: skip

STARTUP_HOME = (
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".profile", ".zshrc", ".zshenv", ".zprofile",
    ".zlogin", ".zlogout",
    ".kshrc", ".cshrc", ".tcshrc", ".login", ".inputrc", ".config/fish/config.fish", ".config/fish/conf.d/",
    ".config/fish/functions/",
    ".config/autostart/", ".config/systemd/user/", ".xinitrc", ".xsession", ".xprofile", ".xsessionrc",
    ".pam_environment",
    ".config/environment.d/", "Library/LaunchAgents/", ".ssh/rc", ".ssh/environment", ".bash_aliases",
    ".config/plasma-workspace/env/",
    ".vimrc", ".config/nvim/init.vim", ".config/nvim/init.lua", ".emacs", ".config/lxsession/", ".config/i3/config",
    ".tmux.conf",
    ".oh-my-zsh/custom/", ".zsh/", ".bashrc.d/", ".zshrc.d/", ".local/share/applications/", ".pythonrc",
    ".config/hypr/", ".config/sway/config",
)  # fmt: skip
STARTUP_SYSTEM = (
    "/etc/profile", "/etc/profile.d", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh", "/etc/zshrc", "/etc/zshenv",
    "/etc/zprofile",
    "/etc/rc.local", "/etc/init.d", "/etc/rc.d", "/etc/systemd/system", "/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/etc/systemd/user", "/etc/xdg/autostart", "/etc/environment", "/etc/ld.so.preload", "/etc/ld.so.conf.d",
    "/etc/udev/rules.d",
    "/etc/modules-load.d", "/etc/update-motd.d", "/etc/apt/apt.conf.d", "/etc/NetworkManager/dispatcher.d", "/etc/fish",
    "/Library/LaunchDaemons", "/Library/LaunchAgents", "/etc/init", "/etc/inittab", "/etc/X11/Xsession.d",
    "/etc/logrotate.d",
    "/etc/pam.d", "/usr/lib/systemd/user", "/etc/crontab",
)  # fmt: skip
DATA_SUFFIXES = (
    ".db", ".sqlite", ".sqlite3", ".db3", ".mdb", ".rdb", ".frm", ".ibd", ".dump", ".sql.gz", ".bson", ".ldb",
    ".kdbx", ".qcow2",
    ".vmdk", ".vdi", ".parquet", ".mdf",
)  # fmt: skip
# Names that end like keys and are public.
PUBLIC = re.compile(r"(ca|certs|chain|fullchain|root|intermediate|.*cert|.*pub(lic)?([_-]key)?|dhparams?)\.(pem|key)$")
