"""How long to wait after a failure, and which failures are for good: pure functions, seconds."""

from __future__ import annotations

from onemap.warnings.sending.adapter import Answer

#: Failures one after the other after which only a probe goes out, each time its wait has passed.
OPEN_AFTER = 5
#: The wait doubles from the first to the longest. Behind an endpoint that is back, everything waits for the next probe:
#: alerts cannot wait for an hour, and one probe in a few minutes harms nobody.
FIRST_S, LONGEST_S = 2.0, 240.0
#: Answers of 4xx that another attempt may change: RFC 9110 (408, 409), RFC 8470 (425), RFC 6585 (429).
PASSING = frozenset({408, 409, 425, 429})


def refuses(answer: Answer) -> bool:
    """Whether this letter will never be taken: trying again would only hold up those behind it."""
    if answer.refused is not None:
        return answer.refused
    return 400 <= answer.status < 500 and answer.status not in PASSING


def wait_s(failures: int, jitter: float) -> float:
    """Seconds until the next try after `failures` one after the other: doubling, × 0.5 to 1.5 by `jitter` in [0, 1).

    The jitter keeps the endpoints that failed together from coming back together.
    """
    return float(min(LONGEST_S, FIRST_S * 2.0 ** min(max(failures, 1) - 1, 20)) * (0.5 + jitter))
