"""Every error the map raises on purpose, each with a stable code. HTTP statuses are the server's business."""

from __future__ import annotations

from typing import ClassVar


class OnemapError(Exception):
    """Root of all expected errors. `message` is for people, `reason` is a short stable word for machines."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.code


class BadInput(OnemapError):
    """What came in cannot be understood or used as it stands."""

    code = "bad-input"


class BadCoordinate(BadInput):
    """A position is not finite, out of range, swapped, or outside its datum's area."""

    code = "bad-coordinate"


class BadGeometry(BadInput):
    """A geometry is empty, of the wrong kind, too large, or cannot be repaired."""

    code = "bad-geometry"


class BadTime(BadInput):
    """A time has no zone, is impossible, too old, or lies in the future."""

    code = "bad-time"


class BadCode(BadInput):
    """A grid, area, camera, part or catalogue code does not follow its standard."""

    code = "bad-code"


class NotFound(OnemapError):
    """The thing asked for does not exist, or is not for the asker to see."""

    code = "not-found"


class NotSignedIn(OnemapError):
    """The door needs an account or an API key and got neither."""

    code = "not-signed-in"


class Forbidden(OnemapError):
    """The asker is known, but has no right to this."""

    code = "forbidden"


class Conflict(OnemapError):
    """The request contradicts the present state of the thing."""

    code = "conflict"


class TooLarge(OnemapError):
    """The input is larger than this door takes."""

    code = "too-large"


class TooManyRequests(OnemapError):
    """A bound is reached; try again later."""

    code = "too-many-requests"


class Unavailable(OnemapError):
    """A part this needs (database, broker, cluster) does not answer now."""

    code = "unavailable"


class FeedUnavailable(Unavailable):
    """A feed's source does not answer: retry with back-off."""

    code = "feed-unavailable"


class FeedMalformed(BadInput):
    """A feed's bytes are not what its format says: quarantine and go on."""

    code = "feed-malformed"


class FeedRefused(OnemapError):
    """A feed's source refuses us for good: stop and tell someone."""

    code = "feed-refused"


class SetupError(OnemapError):
    """The machine or the data folder lacks something; the message says what to type."""

    code = "setup"
