"""The private PostGIS cluster in the data folder: made, started and stopped by the command line.

It listens on a unix socket alone. PostgreSQL refuses to run as root, so root runs it as the `postgres` user; where that
user cannot reach the data folder (a clone inside a 0700 home), the cluster's files live under /var/lib/onemap and the
data folder holds a link to them.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from onemap.core.errors import SetupError, Unavailable

PACKAGES = ("postgresql-15", "postgresql-15-postgis-3")
_START_S = 90
_CONF = """
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 120
shared_buffers = 512MB
effective_cache_size = 2GB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
wal_compression = on
random_page_cost = 1.1
effective_io_concurrency = 100
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_min_duration_statement = 2000
log_lock_waits = on
idle_in_transaction_session_timeout = 10min
max_locks_per_transaction = 256
autovacuum_naptime = 20s
"""


def bin_folder() -> Path:
    """The folder of the newest installed PostgreSQL server that has PostGIS. Raises SetupError otherwise."""
    found: list[tuple[int, Path]] = []
    for folder in Path("/usr/lib/postgresql").glob("*/bin"):
        version = folder.parent.name
        control = Path(f"/usr/share/postgresql/{version}/extension/postgis.control")
        if version.isdigit() and int(version) >= 15 and (folder / "initdb").exists() and control.exists():
            found.append((int(version), folder))
    if not found:
        raise SetupError(
            "PostgreSQL 15 or newer with PostGIS is not installed. Type: apt-get install --no-install-recommends "
            + " ".join(PACKAGES),
            reason="no-postgis",
        )
    return max(found)[1]


@dataclass(frozen=True)
class Cluster:
    """One cluster of one data folder. Every method may be called again; all of them bring the same end."""

    home: Path

    @property
    def run_as(self) -> str | None:
        """The user to run as when we are root, else None."""
        return "postgres" if os.geteuid() == 0 else None

    @property
    def data(self) -> Path:
        """The cluster's files; a link where they had to live elsewhere."""
        return self.home / "cluster"

    @property
    def socket(self) -> Path:
        """The socket folder: short (107 bytes at most), and one for each data folder."""
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        if os.geteuid() == 0:
            return Path("/run/onemap") / digest
        return Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp")) / f"onemap-{os.geteuid()}-{digest}"  # noqa: S108

    def dsn(self, database: str = "onemap") -> str:
        """A libpq connection string for that database."""
        return f"host={self.socket} dbname={database} user=onemap"

    def start(self) -> None:
        """Make the cluster if there is none, start it if it is down, wait until it answers. Raises Unavailable."""
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._prepare_socket()
        if not self.running():
            self._pg_ctl_start()
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the cluster, cutting its connections. Does nothing when it is down."""
        if self.running():
            self._run(["pg_ctl", "-D", str(self._real_data()), "-m", "fast", "-w", "-t", "60", "stop"])

    def running(self) -> bool:
        """Whether a postmaster holds the data folder."""
        if not (self.data / "PG_VERSION").exists():
            return False
        done = self._run(["pg_ctl", "-D", str(self._real_data()), "status"], check=False)
        return done.returncode == 0

    def postmaster_pid(self) -> int:
        """The process id of the running postmaster."""
        return int((self._real_data() / "postmaster.pid").read_text().splitlines()[0])

    def remove(self) -> None:
        """Stop the cluster and delete its files."""
        self.stop()
        if self.data.exists():
            shutil.rmtree(self._real_data())
        if self.data.is_symlink():
            self.data.unlink()
        shutil.rmtree(self.socket, ignore_errors=True)

    def ensure_database(self, name: str = "onemap", *, template: str = "template0") -> bool:
        """Make a database if it is not there. Returns whether it was made."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as conn:
            if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return False
            options = psycopg.sql.SQL(" ENCODING 'UTF8' LOCALE 'C.UTF-8'" if template == "template0" else "")
            conn.execute(
                psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    psycopg.sql.Identifier(name), psycopg.sql.Identifier(template)
                )
                + options
            )
        return True

    def drop_database(self, name: str) -> None:
        """Drop a database, cutting its connections."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as conn:
            conn.execute(
                psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
            )

    # -- inside ---------------------------------------------------------------------------------------------------

    def _real_data(self) -> Path:
        return self.data.resolve()

    def _run(self, command: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's own programs, as the right user and from a folder that user can stand in."""
        program = bin_folder() / command[0]
        user = self.run_as
        group = pwd.getpwnam(user).pw_gid if user else None
        # Output goes to a file of ours, not a pipe: a postmaster started here would hold a pipe open for ever.
        done = subprocess.run(
            [str(program), *command[1:]],
            cwd="/",
            user=user,
            group=group,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if command[-1] != "start" else subprocess.DEVNULL,
            stderr=subprocess.PIPE if command[-1] != "start" else subprocess.DEVNULL,
            text=True,
            timeout=_START_S * 2,
            check=False,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        )
        if check and done.returncode != 0:
            raise Unavailable(f"{command[0]} failed: {(done.stderr or done.stdout or '').strip()[-800:]}")
        return done

    def _create(self) -> None:
        bin_folder()
        self.home.mkdir(parents=True, exist_ok=True)
        target = self.data
        user = self.run_as
        if user:
            try:
                owner = pwd.getpwnam(user)
            except KeyError:
                raise SetupError(
                    "Root cannot run PostgreSQL itself, and there is no `postgres` user. Type: apt-get install "
                    + " ".join(PACKAGES),
                    reason="no-postgres-user",
                ) from None
            if not _reachable(self.home, owner.pw_uid, owner.pw_gid):
                digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
                target = Path("/var/lib/onemap") / digest
                target.parent.mkdir(parents=True, exist_ok=True)
                target.parent.chmod(0o755)
                if self.data.is_symlink():
                    self.data.unlink()
                self.data.symlink_to(target)
            # A half-made folder of an interrupted initdb holds no data: start over.
            if target.exists():
                shutil.rmtree(target)
            target.mkdir(mode=0o700)
            os.chown(target, owner.pw_uid, owner.pw_gid)
        elif target.exists():
            shutil.rmtree(target)
        self._run(
            ["initdb", "-D", str(target), "-U", "onemap", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
             "--data-checksums", "--no-instructions"]
        )  # fmt: skip
        # The socket folder is 0700 of the cluster's own user, so `trust` trusts that user and root alone.
        hba = target / "pg_hba.conf"
        hba.write_text("local all all trust\n")
        with (target / "postgresql.conf").open("a") as conf:
            conf.write("include_if_exists = 'onemap.conf'\n")

    def _prepare_socket(self) -> None:
        folder = self.socket
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise SetupError(f"{folder} should be a folder of ours and is something else.", reason="socket")
        folder.mkdir(mode=0o700, exist_ok=True)
        uid = pwd.getpwnam(self.run_as).pw_uid if self.run_as else os.geteuid()
        if self.run_as:
            os.chown(folder, uid, pwd.getpwnam(self.run_as).pw_gid)
        state = folder.stat()
        if state.st_uid != uid or stat.S_IMODE(state.st_mode) & 0o077:
            raise SetupError(f"{folder} belongs to somebody else or is open to others.", reason="socket")
        # Written at every start: the data folder may have been moved, and settings travel with the program.
        (self._real_data() / "onemap.conf").write_text(_CONF.format(socket=folder))

    def _pg_ctl_start(self) -> None:
        data = self._real_data()
        log = data / "start.log"
        deadline = time.monotonic() + _START_S
        while True:
            # After kill -9 of the postmaster its children may hold the shared memory for a moment: try again.
            done = self._run(
                ["pg_ctl", "-D", str(data), "-l", str(log), "-w", "-t", str(_START_S), "start"], check=False
            )
            if done.returncode == 0:
                return
            if time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-800:] if log.exists() else ""
                raise Unavailable(f"The database cluster in {data} does not start: {tail}")
            time.sleep(0.3)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise Unavailable(f"The database cluster does not answer: {error}") from error
                # A postmaster that was killed a moment ago may have looked alive to `start`.
                if not self.running():
                    self._pg_ctl_start()
                time.sleep(0.1)


def _reachable(folder: Path, uid: int, gid: int) -> bool:
    """Whether that user can enter every folder on the way to `folder`."""
    for part in [folder, *folder.parents]:
        state = part.stat()
        mode = state.st_mode
        if state.st_uid == uid:
            able = mode & stat.S_IXUSR
        elif state.st_gid == gid:
            able = mode & stat.S_IXGRP
        else:
            able = mode & stat.S_IXOTH
        if not able:
            return False
    return True
