"""ZIP archives from outside: bounded, without paths, and unpacked under names of our own."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from onemap.planning.exchange.spec import refused

MAX_MEMBERS = 200
MAX_UNPACKED = 256 * 1024 * 1024
#: Attribute tables are mostly blanks and pack well, so small archives are not judged by their ratio.
_MAX_RATIO = 200
_RATIO_FROM = 50 * 1024 * 1024
_PIECE = 1 << 20
_KNOWN = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".gpkg", ".geojson", ".json")
_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".tgz", ".tar")


@dataclass(frozen=True)
class Member:
    """One unpacked file: `stem` is its path in the archive without its ending, in lower case."""

    stem: str
    suffix: str
    path: Path


def unpack(data: bytes, into: Path) -> list[Member]:
    """Unpack the members that can belong to a file of grids into the folder `into`.

    Nothing of a member's name reaches the file system but a known ending. Raises BadInput (reason "archive") for an
    archive that is broken, encrypted, holds paths out of itself, links or archives, or unpacks to too much; what
    counts is what comes out, not what the archive says of itself.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise refused(
                    "archive",
                    f"压缩包里有 {len(members)} 个文件,最多 {MAX_MEMBERS} 个",
                    f"the archive holds {len(members)} files, at most {MAX_MEMBERS} are taken",
                )
            return _unpacked(archive, [one for one in members if _wanted(one)], len(data), into)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError) as exc:
        raise refused(
            "archive",
            "压缩包损坏或不完整,请重新打包上传",
            f"the archive is broken or not whole ({type(exc).__name__}); pack it again",
        ) from exc


def _unpacked(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], packed: int, into: Path) -> list[Member]:
    found: list[Member] = []
    total = 0
    for number, member in enumerate(members):
        name = PurePosixPath(_name(member))
        target = into / f"{number}{name.suffix.lower()}"
        with archive.open(member) as source, target.open("xb") as out:
            while piece := source.read(_PIECE):
                total += len(piece)
                if total > MAX_UNPACKED or (total > _RATIO_FROM and total > _MAX_RATIO * packed):
                    raise refused(
                        "archive",
                        f"压缩包解开后超过 {total // 1024**2} MB,不予处理",
                        f"the archive unpacks to more than {total // 1024**2} MB; it is refused",
                    )
                out.write(piece)
        found.append(Member(str(name.with_suffix("")).lower(), name.suffix.lower(), target))
    return found


def _wanted(member: zipfile.ZipInfo) -> bool:
    """Whether a member is unpacked; raises for one that no honest archive of grids holds."""
    name = _name(member)
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        raise refused(
            "archive",
            f"压缩包里的路径越出了压缩包:{name[:80]}",
            f"the archive holds a path that leads out of it: {name[:80]}",
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        raise refused("archive", f"压缩包里有链接:{name[:80]}", f"the archive holds a link: {name[:80]}")
    if member.flag_bits & 1:
        raise refused("archive", "压缩包有密码,无法打开", "the archive is locked by a password")
    if member.is_dir() or "__MACOSX" in path.parts or path.name.startswith("."):
        return False
    if path.suffix.lower() in _ARCHIVES:
        raise refused("archive", f"压缩包里还有压缩包:{name[:80]}", f"the archive holds another archive: {name[:80]}")
    return path.suffix.lower() in _KNOWN


def _name(member: zipfile.ZipInfo) -> str:
    """A member's name; archives made on Chinese Windows write GBK where the format knows only CP437."""
    name = member.filename
    if not member.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("gb18030")
        except UnicodeError:
            pass
    return name.replace("\\", "/")
