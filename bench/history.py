"""What git knows: the commit that is measured, the order of commits, and which files have changed since one."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

NO_COMMIT = "uncommitted"
"""Stands for the commit in a repository that has none."""


class History:
    """The repository at `root`. Methods raise CalledProcessError where `root` is no repository."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def commit(self) -> str:
        """Short name of the commit that is checked out."""
        done = self._git("rev-parse", "--quiet", "--verify", "--short=12", "HEAD", check=False)
        return done.stdout.strip() or NO_COMMIT

    def newest_first(self) -> list[str]:
        """Full names of the commits that the present one stands on, itself first."""
        return self._git("rev-list", "HEAD", check=False).stdout.split()

    def files(self, globs: Sequence[str]) -> list[str]:
        """Files of the working tree that match, ignored ones left out."""
        return self._lines("ls-files", "--cached", "--others", "--exclude-standard", "--", *_paths(globs))

    def changed_since(self, commit: str, globs: Sequence[str]) -> list[str] | None:
        """Matching files that differ from `commit`, committed or not. `None`: the commit is not known here."""
        if self._git("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}", check=False).returncode:
            return None
        changed = self._lines("diff", "--name-only", "--no-renames", commit, "--", *_paths(globs))
        untracked = self._lines("ls-files", "--others", "--exclude-standard", "--", *_paths(globs))
        return sorted({*changed, *untracked})

    def _lines(self, *arguments: str) -> list[str]:
        return self._git(*arguments).stdout.splitlines()

    def _git(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["git", "-c", "core.quotePath=false", *arguments]
        return subprocess.run(command, cwd=self.root, check=check, capture_output=True, text=True)


def _paths(globs: Sequence[str]) -> list[str]:
    return [f":(top,glob){glob}" for glob in globs]
