"""What a person reads when the embedded servers cannot run."""

from pathlib import Path

OWN_SERVERS = (
    "Or set DATABASE_URL and REDIS_URL to servers of your own; then none are started here."
)

# What the servers write when they fail, and what to do about it.
REMEDIES = {
    "No space left on device": "The disk is full: free some space and start again.",
    "Disk quota exceeded": "The disk quota is used up: free some space and start again.",
    "Read-only file system": "The file system is read-only: nothing can be stored there.",
    "could not resize shared memory": "The shared memory is full: docker has --shm-size.",
    "could not create shared memory": "Shared memory cannot be used: is it mounted?",
    "Cannot allocate memory": "The machine is out of memory: close something and start again.",
    "Operation not permitted": "The system forbids it: in a container, check its capabilities.",
    "Permission denied": "Check that the folder may be read, and is not mounted `noexec`.",
}


class EmbeddedError(RuntimeError):
    """The embedded servers cannot be used; the text says what is wrong, where, and what to do."""


def failure(what: str, said: str, where: Path) -> EmbeddedError:
    """The error for a program that failed: `what` happened, what it `said`, files at `where`."""
    remedy = next((advice for sign, advice in REMEDIES.items() if sign in said), "")
    last_lines = "\n".join(f"    {line}" for line in said.strip().splitlines()[-8:])
    parts = [f"{what} ({where}).", remedy, f"It said:\n{last_lines}" if last_lines else ""]
    return EmbeddedError("\n".join(part for part in [*parts, OWN_SERVERS] if part))
