"""Loads the settings: defaults < hotfolio.toml < environment < command line, each value with its origin."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import ValidationError

from engine.base.errors import SettingsError
from engine.base.safetext import display_name
from engine.job.options import ConvertOptions
from engine.settings.profiles import SECRET_VALUES, FolderSettings, Profile
from engine.settings.settings import CONFIG_VARIABLE, ENV_PREFIX, JOB_PREFIX, SECRETS, Settings, did_you_mean

CONFIG_NAME = "hotfolio.toml"
COMMAND_LINE = "command line"
"""The origin of a setting that was given there."""
_PLAIN_VARIABLES = ("NUM_WORKERS", "API_HOST", "API_PORT")
"""Variables that count without the prefix too."""


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Where settings were loaded from, as JSON: enough to load them again, in another process with this environment."""

    config: str | None = None
    """The settings file that was named."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """What the command line has said."""

    def load(self) -> "LoadedSettings":
        """The settings as they are now; raises `SettingsError`."""
        return load_settings(self.overrides, Path(self.config) if self.config else None)


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, and for each that is not a default where it came from."""

    settings: Settings
    origins: Mapping[str, str]
    """Setting name to file, variable or `command line`."""
    source: SettingsSource = SettingsSource()

    def options_of(self, profile: str, engine: Settings | None = None) -> ConvertOptions:
        """The options of a document by a profile of these settings, or of an engine's, but for what was said by hand.

        An empty profile is none. Raises `SettingsError` if there is no such profile.
        """
        said = {name: getattr(self.settings, name) for name in self._said_options}
        return (engine or self.settings).options_of(profile).model_copy(update=said)

    @property
    def says_options(self) -> bool:
        """Whether the command line says something about how a document is converted."""
        return bool(self._said_options)

    @property
    def _said_options(self) -> list[str]:
        return [n for n, origin in self.origins.items() if origin == COMMAND_LINE and n in ConvertOptions.model_fields]


def load_settings(overrides: Mapping[str, Any] | None = None, config: Path | None = None) -> LoadedSettings:
    """Gather the settings; `overrides` come from the command line.

    The file is `config`, else the one `HOTFOLIO_CONFIG` names, else `hotfolio.toml` in the working directory, else the
    one in the user's configuration folder. Raises `SettingsError`.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def add(found: Mapping[str, Any], origin: str | Mapping[str, str]) -> None:
        for key, value in found.items():
            values[key] = value
            origins[key] = origin if isinstance(origin, str) else origin[key]

    file = find_config(config)
    if file is not None:
        add(_read_toml(file), display_name(file))
    _reject_unknown_variables()
    environment = _environment()
    variables = {key: f"{ENV_PREFIX}{key.upper()}" for key in environment}
    for variable in _PLAIN_VARIABLES:
        if variable in os.environ and f"{ENV_PREFIX}{variable}" not in os.environ:
            environment[variable.lower()] = os.environ[variable]
            variables[variable.lower()] = variable
    add(environment, variables)
    said = {key: value for key, value in (overrides or {}).items() if value is not None}
    add(said, COMMAND_LINE)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(_sentence(error, origins)) from None
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in said.items()}
    return LoadedSettings(settings, origins, SettingsSource(str(config) if config else None, plain))


def find_config(named: Path | None = None) -> Path | None:
    """The settings file that counts, if there is one; raises `SettingsError` if one is named that is not there."""
    if named is None and (variable := os.environ.get(CONFIG_VARIABLE)):
        named = Path(variable)
    if named is not None:
        if not named.is_file():
            raise SettingsError(f"{named}: there is no such settings file.")
        return named
    for candidate in (Path(CONFIG_NAME), platformdirs.user_config_path("hotfolio") / CONFIG_NAME):
        if candidate.is_file():
            return candidate
    return None


def _read_toml(file: Path) -> dict[str, Any]:
    """The file's values; paths in it count from its own folder."""
    try:
        found = tomllib.loads(file.read_bytes().decode())
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not valid TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}.") from None
    folder = file.absolute().parent
    _resolve(found, folder, ("input", "output", "state", "archive", "passwords_file", "vlm_prompts"))
    folders, profiles = found.get("folders"), found.get("profiles")
    for table in folders if isinstance(folders, list) else ():
        _resolve(table, folder, ("path", "output", "archive"))
    for name in ("on_done", "on_failed"):
        command = found.get(name)
        if isinstance(command, list) and command and isinstance(command[0], str) and "/" in command[0]:
            found[name] = [str(folder / command[0]), *command[1:]]
    for table in profiles.values() if isinstance(profiles, dict) else ():
        _resolve(table, folder, ("vlm_prompts",))
    return found


def _resolve(table: Any, folder: Path, names: tuple[str, ...]) -> None:
    """Have the paths of a table count from a folder."""
    if isinstance(table, dict):
        table.update({name: folder / table[name] for name in names if isinstance(table.get(name), str)})


def _environment() -> dict[str, str]:
    """What variables say, by the names of settings; capitals do not matter."""
    said = {variable.lower(): value for variable, value in os.environ.items()}
    prefix = ENV_PREFIX.lower()
    return {name: said[prefix + name] for name in Settings.model_fields if prefix + name in said}


def _reject_unknown_variables() -> None:
    known = {f"{ENV_PREFIX}{name}".upper() for name in Settings.model_fields} | {CONFIG_VARIABLE} | SECRETS
    for variable in os.environ:
        name = variable.upper()
        if name.startswith(ENV_PREFIX) and not name.startswith(JOB_PREFIX) and name not in known:
            raise SettingsError(f"{variable}: there is no such setting.{did_you_mean(name, known)}")


def _sentence(error: ValidationError, origins: Mapping[str, str]) -> str:
    first = error.errors()[0]
    loc, message = first["loc"], first["msg"].removeprefix("Value error, ").rstrip(".")
    if not loc:  # of settings that do not go together; the message begins with the name of one
        return f"{origins.get(message.partition(':')[0].partition('.')[0], 'settings')}: {message}."
    key = str(loc[0])
    origin = origins.get(key, origins.get(key.removeprefix(ENV_PREFIX).lower(), "settings"))
    name = key
    if key in ("folders", "profiles"):
        name = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
    if first["type"] == "extra_forbidden":
        return f"{origin}: {name}: there is no such setting.{did_you_mean(str(loc[-1]), _known(key))}"
    if first["type"] == "value_error" and isinstance(first["input"], dict | list):
        return f"{origin}: {name}: {message}."
    if key in ("folders", "profiles") and first["type"] == "value_error":
        return f"{origin}: {name}: {message}."
    got = "" if _is_secret(first["loc"], first["input"]) else f" (got {first['input']!r})"
    return f"{origin}: {name}: {message[:1].lower()}{message[1:]}{got}."


def _is_secret(loc: tuple[int | str, ...], value: object) -> bool:
    """Whether a value that is wrong belongs to a setting that is never shown, or has one in it."""
    return not SECRET_VALUES.isdisjoint(loc) or (
        isinstance(value, str | dict | list) and any(name in str(value) for name in SECRET_VALUES)
    )


def _known(key: str) -> set[str]:
    """The names there are where one was not known: beside a setting, or in its table."""
    match key:
        case "folders":
            return set(FolderSettings.model_fields)
        case "profiles":
            return {*Profile.model_fields, *ConvertOptions.model_fields} - {"options"}
        case _:
            return set(Settings.model_fields)
