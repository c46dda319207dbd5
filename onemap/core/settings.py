"""All settings of the application, built once by the command line or a test and passed down."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class MqttSettings(BaseModel):
    """Where the broker is and who we are to it."""

    host: str = Field("", description="Broker host; empty means no MQTT transport.")
    port: int = Field(1883, description="Broker port.")
    user: str = Field("onemap", description="User of the worker at the broker.")
    password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    client_id: str = Field("onemap-worker", description="Stable client id: the broker keeps our session under it.")


class FeedSettings(BaseModel):
    """Where pulled and dropped feeds come from."""

    geohazard_url: str = Field("", description="URL pulled for geologic-hazard bulletins and readings; empty is off.")
    geohazard_every_s: float = Field(10.0, description="Seconds between pulls.")
    cap_url: str = Field("", description="URL pulled for CAP 1.2 messages of others; empty is off.")
    cap_every_s: float = Field(60.0, description="Seconds between those pulls.")
    drop_folder: Path | None = Field(None, description="Folder watched for dropped incident files.")
    max_payload_bytes: int = Field(64 * 1024 * 1024, description="Largest payload a feed takes.")
    future_tolerance_s: float = Field(300.0, description="A source clock may run ahead by this much.")
    zone: str = Field("Asia/Shanghai", description="Time zone of feeds that send local time.")


class CaseSettings(BaseModel):
    """The clocks of the closed loop: on site, solved, followed up (1011)."""

    on_site_s: int = Field(600, description="From dispatch or alert to somebody on site.")
    resolved_s: int = Field(3600, description="To solved.")
    followup_s: int = Field(86400, description="To followed up.")


class CallSettings(BaseModel):
    """Call and confirm: seconds that take the place of every template's own, for drills at a desk and for tests."""

    start_s: float | None = Field(None, ge=0, description="A ladder starts by itself after so long.")
    answer_s: float | None = Field(None, gt=0, description="Deadline of each rung.")
    second_s: float | None = Field(None, gt=0, description="A second confirmation is due so long after the answer.")
    report_s: float | None = Field(None, gt=0, description="Interval of situation reports.")
    again_s: float | None = Field(None, gt=0, description="Rest before the second round of calls.")


class TellingSettings(BaseModel):
    """Who tells warnings: what stands in the 31-character identifiers and in CAP messages."""

    division: str = Field("", pattern=r"^(\d{6})?$", description="Division code (GB/T 2260); empty: the city's own.")
    organisation: str = Field("000", pattern=r"^\d{3}$", description="Organisation code, three digits (GB/T 4657).")
    internal: str = Field("000", pattern=r"^\d{3}$", description="Three digits of the organisation's own.")
    sender: str = Field("", pattern=r"^[^\s,<&]{0,100}$", description="CAP sender; empty: onemap.<division>.")
    sender_name: str = Field("", max_length=100, description="CAP senderName; empty: after the city.")
    public_url: str = Field("", max_length=200, description="Address of the map in messages; empty leaves it out.")


class Settings(BaseSettings):
    """Environment variables with the prefix `ONEMAP_`; nested ones with a double underscore."""

    model_config = SettingsConfigDict(env_prefix="ONEMAP_", env_nested_delimiter="__", extra="ignore")

    home: Path = Field(Path(".onemap"), description="Data folder: cluster, secrets, attachments, rasters.")
    database_url: str = Field("", description="libpq URL or DSN; empty means the private cluster in the data folder.")
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8000, description="Port the server listens on.")
    zone: str = Field("Asia/Shanghai", description="The city's time zone: days and hours of heat windows.")
    log_level: str = Field("info", description="debug, info, warning or error.")
    log_json: bool = Field(False, description="Logs as JSON lines instead of text.")
    secret_key: SecretStr = Field(SecretStr(""), description="Signs sessions; empty means the data folder's own.")
    session_hours: int = Field(12, description="Length of a sign-in, one duty by default.")
    secure_cookies: bool = Field(False, description="Set behind HTTPS: cookies are then sent over HTTPS alone.")
    small_count_floor: int = Field(5, description="Counts below this are shown as '<n' to roles that are not command.")
    tile_cache_mb: int = Field(256, description="Memory for compressed tiles.")
    pool_size: int = Field(8, description="Database connections of one server process.")
    live_queue: int = Field(2000, description="Changes waiting for one slow listener before it is told to reset.")
    worker_metrics_port: int = Field(0, description="Port of the worker's own Prometheus page; 0 is off.")
    raw_keep_days: int = Field(30, description="Days that raw records are kept.")
    fence_event_keep_days: int = Field(400, ge=1, description="Days that events at fences are kept.")
    mqtt: MqttSettings = MqttSettings()
    feeds: FeedSettings = FeedSettings()
    cases: CaseSettings = CaseSettings()
    telling: TellingSettings = TellingSettings()
    calls: CallSettings = CallSettings()

    @property
    def home_path(self) -> Path:
        """The data folder as an absolute path."""
        return self.home.expanduser().resolve()
