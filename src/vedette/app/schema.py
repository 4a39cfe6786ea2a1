"""The JSON Schema of the settings file, with the settings of every plug-in."""

from typing import Any

from vedette.app.extra_modules import ModuleEntry
from vedette.app.settings import Settings
from vedette.plugins.registry import load, names
from vedette.rules.pack import PackFile
from vedette.zones.config import LineConfig, ZoneConfig

PLACES = {
    ("CameraSettings", "source"): "source",
    ("CameraSettings", "motion"): "motion",
    ("CameraSettings", "tracker"): "tracker",
    ("CameraSettings", "rules"): "rule",
    ("NotifySettings", "channels"): "channel",
    ("BusSettings", "adapter"): "bus",
    ("Settings", "modules"): "module",
    ("Settings", "detector"): "detector",
}
"""Where in the settings which kind of plug-in stands."""


def settings_schema() -> dict[str, Any]:
    """Draft 2020-12; each plug-in is a choice among the installed ones, told apart by `type`."""
    schema = Settings.model_json_schema()
    shared: dict[str, Any] = schema["$defs"]
    for (owner, field), kind in PLACES.items():
        choices = [_plugin(kind, name, shared) for name in sorted(names(kind))]
        shared[kind] = {"oneOf": choices} if choices else {"type": "object", "required": ["type"]}
        fields = schema["properties"] if owner == "Settings" else shared[owner]["properties"]
        _replace(fields, field, {"$ref": f"#/$defs/{kind}"})
    for field, model in (("zones", ZoneConfig), ("lines", LineConfig)):
        shared[model.__name__] = _lifted(model.model_json_schema(ref_template=REF), shared)
        _replace(
            shared["CameraSettings"]["properties"], field, {"$ref": f"#/$defs/{model.__name__}"}
        )
    return schema


def pack_schema() -> dict[str, Any]:
    """The same of a pack of rules; a rule without a `type` is one of `when`."""
    schema = PackFile.model_json_schema()
    shared: dict[str, Any] = schema.setdefault("$defs", {})
    choices = [_plugin("rule", name, shared) for name in sorted(names("rule"))]
    for choice in choices:
        if choice["properties"]["type"]["const"] == "when":
            choice["required"].remove("type")
    shared["rule"] = {"anyOf": choices}
    _replace(schema["properties"], "rules", {"$ref": "#/$defs/rule"})
    return schema


REF = "#/$defs/{model}"


def _plugin(kind: str, name: str, shared: dict[str, Any]) -> dict[str, Any]:
    model = load(kind, name).Config
    schema = _lifted(model.model_json_schema(ref_template=REF), shared)
    own: dict[str, Any] = {"type": {"const": name}}
    if kind == "module":
        entry = _lifted(ModuleEntry.model_json_schema(ref_template=REF), shared)
        own = {**entry["properties"], **own}
    schema["properties"] = {**own, **schema.get("properties", {})}
    schema["required"] = ["type", *schema.get("required", [])]
    return schema


def _lifted(schema: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """A plug-in's schema without its own definitions, which go to the shared ones."""
    for name, definition in schema.pop("$defs", {}).items():
        shared.setdefault(name, definition)
    return schema


def _replace(fields: dict[str, Any], field: str, reference: dict[str, Any]) -> None:
    """Point a field, or the items of a list, to a definition."""
    here = fields[field]
    kept = {key: here[key] for key in ("description", "title", "default") if key in here}
    if here.get("type") == "array":
        fields[field] = {**kept, "type": "array", "items": reference}
    elif field == "source":
        fields[field] = {**kept, "anyOf": [{"type": "string"}, reference]}
    else:
        fields[field] = {**kept, **reference}
