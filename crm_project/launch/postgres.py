"""The embedded PostgreSQL: made once, tuned for a small machine, listening to this machine alone."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from .errors import LaunchError
from .places import as_account
from .servers import ENVIRONMENT, Server, runs_program

ROLE = DATABASE = "servicedesk"
LOCALE = ["-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
# Runs before anybody can connect, so that no half-made installation is ever seen.
FIRST_STATEMENTS = """CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{password}'
CREATE DATABASE {database} OWNER {role}
"""
SETTINGS = """listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
password_encryption = scram-sha-256
max_connections = 100
shared_buffers = {shared}MB
effective_cache_size = {cache}MB
work_mem = 16MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
effective_io_concurrency = 64
jit = off
max_wal_size = 2GB
checkpoint_timeout = 15min
wal_compression = on
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
# Statements and row values hold personal data: the log gets neither.
log_min_error_statement = panic
log_error_verbosity = terse
"""
THROWAWAY = """fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
shared_buffers = 128MB
"""


class Postgres(Server):
    name = "postgres"
    stop_signal = signal.SIGINT

    @property
    def cluster(self) -> Path:
        return self.data / "cluster"

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}:{self.secrets['database_password']}@127.0.0.1:{self.port}/{DATABASE}"

    def initialise(self) -> None:
        """Make the cluster in a folder of its own and rename it when it is whole."""
        if not (self.cluster / "PG_VERSION").exists():
            fresh = self.data / "fresh"
            shutil.rmtree(fresh, ignore_errors=True)
            self._initdb(fresh)
            fresh.rename(self.cluster)
        self._check_version()
        text = SETTINGS.format(port=self.port, sockets=self.sockets, **memory())
        self.own_file(self.cluster / "servicedesk.conf", text + (THROWAWAY if self.throwaway else ""))
        # Left by `kill -9`, when no server of ours runs any more; the process ids may be other programs' by now.
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        for old in self.sockets.glob(".s.PGSQL.*"):
            old.unlink()

    def _initdb(self, fresh: Path) -> None:
        password = self.data / "password"
        self.own_file(password, self.secrets["superuser_password"])
        initdb = [str(self.engine.postgres / "initdb"), "-D", str(fresh), "-U", "postgres", *LOCALE]
        initdb += ["--auth=scram-sha-256", f"--pwfile={password}", "--data-checksums"]
        try:
            self._run([*initdb, "--no-sync"] if self.throwaway else initdb)
        finally:
            password.unlink()
        with (fresh / "postgresql.conf").open("a") as file:
            file.write("\ninclude 'servicedesk.conf'\n")
        self.own_file(fresh / "servicedesk.conf", "fsync = off\n" if self.throwaway else "")
        statements = FIRST_STATEMENTS.format(role=ROLE, database=DATABASE, password=self.secrets["database_password"])
        self._run([str(self.engine.postgres / "postgres"), "--single", "-D", str(fresh), "postgres"], statements)

    def _run(self, command: list[str], text: str = "") -> None:
        done = subprocess.run(
            command,
            input=text,
            text=True,
            capture_output=True,
            cwd=self.data,
            env=ENVIRONMENT,
            check=False,
            **as_account(),
        )
        failed = done.returncode != 0 or "ERROR:" in done.stderr
        if failed:
            lines = [line for line in done.stderr.splitlines() if "rror" in line or "FATAL" in line or "PANIC" in line]
            reason = (lines or done.stderr.splitlines() or ["no reason given"])[0][:300]
            raise LaunchError(f"Cannot make the database in {self.data}: {reason}")

    def _check_version(self) -> None:
        found = (self.cluster / "PG_VERSION").read_text().strip()
        carried = self.engine.folder.name.split(".")[0]
        if found != carried:
            raise LaunchError(
                f"{self.cluster} was made by PostgreSQL {found}, this version carries {carried}: "
                f"go back to the version that made it, dump, and restore into a new DATA_DIR."
            )

    def command(self) -> list[str]:
        return [str(self.engine.postgres / "postgres"), "-D", str(self.cluster)]

    def answers(self) -> bool:
        """PostgreSQL writes its state on line 8 of postmaster.pid."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        ours = self.process is not None and lines[:1] == [str(self.process.pid)]
        return ours and len(lines) >= 8 and lines[7].strip() == "ready"

    def leftover(self) -> int | None:
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if runs_program(pid, "postgres", self.cluster) else None


def memory() -> dict[str, int]:
    """Buffers in MB: an eighth of the machine, between 128 MB and 1 GB."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {"shared": max(128, min(1024, total // 8)), "cache": max(256, total // 2)}
