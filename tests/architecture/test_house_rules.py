"""House rules that a linter does not know: documented files, strict plug-ins, few broad excepts."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import vedette
from vedette.contracts.errors import UnknownPlugin
from vedette.contracts.topics import TOPICS
from vedette.plugins import registry
from vedette.plugins.catalogue import BUILTIN

SOURCE = Path(vedette.__file__).parent
ROOT = Path(__file__).parents[2]
FILES = sorted(SOURCE.rglob("*.py"))
FEATURES = {
    *("sources", "motion", "detect", "track", "zones", "rules", "media"),
    *("recording", "alerts", "notify", "evaluation", "onvif"),
}
PLUGINS = [(kind, name) for kind, plugins in BUILTIN.items() for name in plugins]


def imports_of(file: Path) -> list[str]:
    """Every `vedette.` module that a file imports, wherever in the file."""
    found: list[str] = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
        elif isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
    return [name for name in found if name.startswith("vedette.")]


def test_floors_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
    assert "5 kept, 0 broken" in done.stdout


def test_features_never_import_each_other() -> None:
    crossing = [
        (str(file.relative_to(SOURCE)), name)
        for file in FILES
        for name in imports_of(file)
        if file.relative_to(SOURCE).parts[0] in FEATURES
        and name.split(".")[1] in FEATURES - {file.relative_to(SOURCE).parts[0]}
    ]
    assert crossing == []


def test_every_file_says_what_it_is() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for folder in (SOURCE, ROOT / "tests", ROOT / "benchmarks", ROOT / "examples")
        for file in sorted(folder.rglob("*.py"))
        if not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert silent == []


def test_no_file_is_longer_than_a_sitting() -> None:
    long = {str(f.relative_to(SOURCE)): len(f.read_text().splitlines()) for f in FILES}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_broad_excepts_stay_countable() -> None:
    broad = sorted(
        str(file.relative_to(SOURCE))
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        )
    )
    assert broad == ["bus/memory.py", "cli/main.py", "kit/supervise.py"]


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_catalogue_line_leads_to_a_strict_documented_plugin(kind: str, name: str) -> None:
    plugin = registry.load(kind, name)

    assert plugin.__doc__, f"{kind}/{name} does not say what it does"
    assert import_module(plugin.__module__).__doc__
    assert issubclass(plugin.Config, registry.PluginConfig)
    assert plugin.Config.model_config["extra"] == "forbid"


def test_plugins_are_only_reached_through_the_registry() -> None:
    listed = {path.partition(":")[0] for plugins in BUILTIN.values() for path in plugins.values()}
    direct = [
        (str(file.relative_to(SOURCE)), name)
        for file in FILES
        for name in imports_of(file)
        if name in listed and file.relative_to(SOURCE).parts[0] not in {name.split(".")[1]}
    ]
    assert direct == []


def test_unknown_type_names_the_known_ones() -> None:
    with pytest.raises(UnknownPlugin, match="there are: blob, onnx"):
        registry.load("detector", "blab")


def test_third_party_plugin_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "owl-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: owl\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vedette.channel]\nowl = owl_plugin:OwlChannel\n")
    (tmp_path / "owl_plugin.py").write_text("class OwlChannel: ...\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    registry.names.cache_clear()
    try:
        assert registry.load("channel", "owl").__name__ == "OwlChannel"
    finally:
        registry.names.cache_clear()


def test_topics_follow_the_naming_rule() -> None:
    for topic in TOPICS:
        parts = topic.name.split(".")
        assert len(parts) >= 2
        assert all(
            part in {"{id}", "{channel}", "{name}", "{surface}"} or part.isidentifier()
            for part in parts
        )
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
