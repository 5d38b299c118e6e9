"""A throw-away copy of what a run of chaos needs, in which the product can be mutated.

The programs find everything from the folder that they are in, so a copy of it is a product of its
own: nothing in the product or in the harness knows that there are mutations.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from mutation import Mutation, MutationError
from surroundings import JAR, ROOT

JAVA_SOURCES = Path("src/main/java")
COPIED = ("scripts", "conf", "lambda", "src/main/resources/reference.conf")
BUILT = ("target/tapestream.jar", "target/lambda")
LINKED = ("target/lib", ".venv")
"""Large, and not changed by a run."""


def make(folder: Path) -> Path:
    """Copies the product into a new folder, which it returns."""
    for name in (*COPIED, *BUILT):
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            # A person's own settings and key are left behind.
            ignored = shutil.ignore_patterns("application.properties", "__pycache__")
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy2(source, target)
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name, target_is_directory=True)
    return folder


def mutate(folder: Path, mutation: Mutation) -> None:
    """Applies a mutation to a copy; raises MutationError if it does not fit or compile."""
    for file, text in mutation.mutated(ROOT).items():
        if file.endswith(".java"):
            classes = compiled(file, text, folder / "target/mutated")
            replace_classes(folder / "target/tapestream.jar", classes, class_of(file))
        else:
            (folder / file).write_text(text)


def compiled(file: str, text: str, folder: Path) -> Path:
    """Compiles a file of the product, which is built, with this text.

    Returns the folder of its classes; raises MutationError if it does not compile.
    """
    source = folder / Path(file).name
    classes = folder / "classes"
    classes.mkdir(parents=True)
    source.write_text(text)
    command: list[str | Path] = [
        *(_javac(), "--release", "17", "-proc:none", "-implicit:none", "-nowarn"),
        *("-cp", f"{JAR}{os.pathsep}{JAR.parent}/lib/*", "-d", classes, source),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise MutationError(f"mutation does not compile: file={file}\n{ended.stderr}")
    return classes


def class_of(file: str) -> str:
    """Returns the name in a jar of a source file's class, without its ending."""
    return str(Path(file).relative_to(JAVA_SOURCES).with_suffix(""))


def replace_classes(jar: Path, classes: Path, name: str) -> None:
    """Replaces a class in a jar with all that are nested in it."""
    draft = jar.with_suffix(".tmp")
    with zipfile.ZipFile(jar) as old, zipfile.ZipFile(draft, "w") as new:
        kept = [entry for entry in old.infolist() if not _is_of(entry.filename, name)]
        if len(kept) == len(old.infolist()):
            raise MutationError(f"class not in the jar: class={name} jar={jar}")
        for entry in kept:
            new.writestr(entry, old.read(entry))
        for file in sorted(classes.rglob("*.class")):
            new.write(file, file.relative_to(classes))
    draft.replace(jar)


def _is_of(entry: str, name: str) -> bool:
    return entry == f"{name}.class" or (entry.startswith(f"{name}$") and entry.endswith(".class"))


def _javac() -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin/javac") if home else "javac"
