"""Settings that change while the product runs: validated, applied to whom they concern, or not.

What is changed lies over the operator's files, which are never written. Each change is a numbered
version; the row is written when everybody has the new settings, in one transaction, so that a
process that dies in between begins with the old ones or with the new ones, never with a mixture.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from vedette.app.load import shown_settings
from vedette.app.settings import Settings
from vedette.app.settings_change import SettingsChange, change_between, fingerprint
from vedette.app.settings_file import SettingsFile
from vedette.bus.mute import MUTE
from vedette.config.document import Document
from vedette.config.overlay import applied, combined
from vedette.contracts.bus import Bus
from vedette.contracts.config_change import (
    ConfigFault,
    ConfigRejected,
    ConfigRollback,
    ConfigSnapshot,
    ConfigUpdate,
)
from vedette.contracts.contract_notice import ContractKind, ContractNotice
from vedette.contracts.errors import InvalidConfig, VedetteError
from vedette.contracts.topics import CONFIG_REJECTED, CONFIG_ROLLBACK, CONFIG_SNAPSHOT, CONTRACT
from vedette.kit.clock import Clock
from vedette.kit.supervise import guarded
from vedette.kit.within import TookTooLong, within
from vedette.store.config_versions import ConfigVersion
from vedette.store.store import Store

log = logging.getLogger(__name__)

TAKE_S = 60.0
"""How long a part of the product may take over new settings."""

NOTHING = SettingsChange(changed={}, parts=frozenset(), keys=())

_POLICY = re.compile(r"\(policy `([a-z-]+)`\)")
_PLACE = re.compile(r"^(?:.*?:\d+: |[^:]*: )?([a-z_]+(?:\[\d+\])?(?:\.[A-Za-z0-9_\[\]-]+)*): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """A part of the product that takes other settings while it runs."""

    name: str
    concerns: Callable[[SettingsChange], bool]
    take: Callable[[Settings, SettingsChange], Awaitable[Sequence[str]]]
    """Puts them into effect, also those from before again; says what had to begin anew."""
    drilled: bool = True
    """Takes the settings that it has once more without being disturbed."""


class LiveSettings:
    """Belongs to one loop; one change at a time."""

    def __init__(self, file: SettingsFile, store: Store, clock: Clock) -> None:
        self.file = file
        self._store = store
        self.bus: Bus = MUTE
        """Told of every change; set once there is one."""
        self._clock = clock
        self._lock = asyncio.Lock()
        self._changes: dict[str, Any] = {}
        self._document = Document(name=str(file.file), data={})
        self.settings: Settings
        """Those in force, once `begin` has returned."""
        self.version = 0
        self.takers: Sequence[Taker] = ()
        self._under_way: set[asyncio.Task[Any]] = set()

    @property
    def document(self) -> Document:
        """The settings in force as they are written, secrets by reference."""
        return self._document

    async def begin(self) -> Settings:
        """Read the files and the changes that lie over them; these settings are a version, too.

        Raises:
            InvalidConfig: they are not valid, or the changes do not fit the files any more.
        """
        async with self._store.read() as unit:
            last = await unit.config_versions().last()
        self._changes = {} if last is None else last.changes
        self._document = self.file.document()
        if self._changes:
            try:
                self._document = applied(self._document, self._changes)
                self.settings = self.file.settings(self._document)
            except InvalidConfig as error:
                raise InvalidConfig(
                    f"{error}\nchanges made while running lie over the files (version "
                    f"{last.number if last else 0}); `vedette config restore 0` takes them back"
                ) from error
        else:
            self.settings = self.file.settings(self._document)
        mark = fingerprint(self._document.data)
        if last is not None and last.fingerprint == mark:
            self.version = last.number
        else:
            await self._keep(self._changes, self._document, self.settings, uuid4(), "", "start")
        return self.settings

    async def update(self, wish: ConfigUpdate, *, origin: str = "update") -> ConfigSnapshot:
        """Put a change into effect, everywhere or nowhere.

        Raises:
            InvalidConfig: it is not valid, made for another version, or a part of the product
                cannot take it; what was in force is in force.
            StorageFailed: it cannot be kept, so it is not in force.
        """
        return await self._to_its_end(self._update(wish, origin))

    async def _update(self, wish: ConfigUpdate, origin: str) -> ConfigSnapshot:
        async with self._lock:
            async with self._store.read() as unit:
                known = await unit.config_versions().of_update(wish.id)
            if known is not None:
                return self._snapshot(known, NOTHING)
            try:
                if wish.expected not in {None, self.version}:
                    raise InvalidConfig(
                        f"the change was made for version {wish.expected}, but version "
                        f"{self.version} is in force; look at it and change that"
                    )
                changes = combined(self._changes, wish.changes)
                document, settings = await asyncio.to_thread(self._read, changes)
            except InvalidConfig as error:
                self._reject(wish, error)
                raise
            return await self._move(changes, document, settings, wish, origin)

    def _read(self, changes: dict[str, Any]) -> tuple[Document, Settings]:
        """The files with these changes over them. It may take a second with hundreds of cameras."""
        document = applied(self.file.document(), changes)
        return document, self.file.settings(document)

    async def reread(self) -> ConfigSnapshot:
        """The files were changed: put them into effect. Raises as `update`."""
        wish = ConfigUpdate(id=uuid4(), at=self._clock.now(), author="the settings files")
        return await self.update(wish, origin="file")

    async def restore(self, number: int, *, author: str) -> ConfigSnapshot:
        """Put the changes of an earlier version over the files; 0: none. Raises as `update`."""
        return await self._to_its_end(self._restore(number, author))

    async def _restore(self, number: int, author: str) -> ConfigSnapshot:
        changes: dict[str, Any] = {}
        if number:
            async with self._store.read() as unit:
                changes = (await unit.config_versions().get(number)).changes
        async with self._lock:
            wish = ConfigUpdate(id=uuid4(), at=self._clock.now(), author=author)
            try:
                document, settings = await asyncio.to_thread(self._read, changes)
            except InvalidConfig as error:
                self._reject(wish, error)
                raise
            return await self._move(changes, document, settings, wish, "restore")

    async def _to_its_end(self, call: Coroutine[Any, Any, ConfigSnapshot]) -> ConfigSnapshot:
        """Also where whoever waits for it is cancelled: half a change would be a mixture."""
        task = asyncio.get_running_loop().create_task(call)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def drill(self) -> ConfigRollback:
        """Take the settings in force to be new ones that fail: are they in force again?"""
        async with self._lock:
            before = fingerprint(self._document.data)
            quiet = [taker for taker in self.takers if taker.drilled]
            restored = await self._take_back(quiet, self.settings, NOTHING)
            again = await asyncio.to_thread(self.file.settings, self._document)
            intact = not change_between(self.settings, again)
            after = fingerprint(self._document.data) if intact else ""
            told = ConfigRollback(
                at=self._clock.now(),
                drill=True,
                version=self.version,
                reason="a drill" if intact else "a drill: the files say something else by now",
                restored=restored,
                before=before,
                after=after,
            )
            self.bus.publish(CONFIG_ROLLBACK, told)
            return told

    async def _move(
        self,
        changes: dict[str, Any],
        document: Document,
        settings: Settings,
        wish: ConfigUpdate,
        origin: str,
    ) -> ConfigSnapshot:
        change = change_between(self.settings, settings)
        if not change and origin != "restore":
            return await self.current()
        restarted = await self._apply(settings, change)
        try:
            kept = await self._keep(changes, document, settings, wish.id, wish.author, origin)
        except VedetteError as error:
            await self._roll_back(self.takers, settings, "the store", str(error))
            raise
        self.settings, self._changes, self._document = settings, changes, document
        snapshot = self._snapshot(kept, change, restarted)
        log.warning(
            "version %d of the settings (%s): %s", kept.number, origin, ", ".join(change.keys)
        )
        self.bus.publish(CONFIG_SNAPSHOT, snapshot)
        return snapshot

    async def current(self) -> ConfigSnapshot:
        """The version in force."""
        async with self._store.read() as unit:
            kept = await unit.config_versions().get(self.version)
        return self._snapshot(kept, NOTHING)

    async def _apply(self, settings: Settings, change: SettingsChange) -> tuple[str, ...]:
        """Give everybody whom it concerns the new settings; where one fails, all the old ones."""
        restarted: list[str] = []
        given: list[Taker] = []
        for taker in self.takers:
            if not taker.concerns(change):
                continue
            given.append(taker)
            reason = await self._give(taker, settings, change, restarted)
            if reason:
                await self._roll_back(given, settings, taker.name, reason)
                raise InvalidConfig(
                    f"{taker.name} cannot take the new settings: {reason}; version {self.version} "
                    "is in force again"
                )
        return tuple(restarted)

    async def _give(
        self, taker: Taker, settings: Settings, change: SettingsChange, restarted: list[str]
    ) -> str:
        """Why a part cannot take settings; empty where it did."""

        async def give() -> None:
            restarted.extend(await taker.take(settings, change))

        reason = ""
        with guarded(f"new settings of {taker.name}") as outcome:
            try:
                await within(give(), TAKE_S)
            except (VedetteError, TookTooLong) as error:
                reason = str(error)
        if outcome.error is not None:
            reason = f"{type(outcome.error).__name__}: {outcome.error}"
        return reason

    async def _roll_back(
        self, given: Sequence[Taker], settings: Settings, failed: str, reason: str
    ) -> None:
        back = change_between(settings, self.settings)
        concerned = [taker for taker in given if taker.concerns(back)]
        restored = await self._take_back(concerned, self.settings, back)
        at, mark = self._clock.now(), fingerprint(self._document.data)
        told = ConfigRollback(
            at=at,
            version=self.version,
            failed=failed,
            reason=reason,
            restored=restored,
            before=mark,
            after=mark,
        )
        self.bus.publish(CONFIG_ROLLBACK, told)
        notice = ContractNotice(
            at=at,
            kind=ContractKind.RECONFIGURATION_FAILED,
            who=failed,
            reason=f"{failed} could not take new settings: {reason}",
        )
        self.bus.publish(CONTRACT, notice)

    async def _take_back(
        self, given: Sequence[Taker], settings: Settings, back: SettingsChange
    ) -> tuple[str, ...]:
        """Settings from before, in the other order; names of those that have them."""
        restored: list[str] = []
        for taker in reversed(given):
            reason = await self._give(taker, settings, back, [])
            if reason:
                log.error("%s does not take back its settings: %s", taker.name, reason)
            else:
                restored.append(taker.name)
        return tuple(restored)

    async def _keep(
        self,
        changes: dict[str, Any],
        document: Document,
        settings: Settings,
        update_id: UUID,
        author: str,
        origin: str,
    ) -> ConfigVersion:
        async with self._store.write() as unit:
            versions = unit.config_versions()
            kept = ConfigVersion(
                number=await versions.next_number(),
                update_id=update_id,
                at=unit.now,
                author=author,
                origin=origin,
                fingerprint=fingerprint(document.data),
                changes=changes,
                shown=shown_settings(settings),
            )
            await versions.add(kept)
        self.version = kept.number
        return kept

    def _snapshot(
        self, kept: ConfigVersion, change: SettingsChange, restarted: Sequence[str] = ()
    ) -> ConfigSnapshot:
        return ConfigSnapshot(
            version=kept.number,
            at=kept.at,
            author=kept.author,
            origin=kept.origin,
            fingerprint=kept.fingerprint,
            changed=change.keys,
            restarted=tuple(restarted),
            pending=change.pending,
            settings=kept.shown,
        )

    def _reject(self, wish: ConfigUpdate, error: InvalidConfig) -> None:
        lines = str(error).splitlines()
        at, faults = self._clock.now(), tuple(_fault(line) for line in lines)
        rejected = ConfigRejected(id=wish.id, at=at, author=wish.author, faults=faults)
        self.bus.publish(CONFIG_REJECTED, rejected)
        notice = ContractNotice(
            at=at,
            kind=ContractKind.CONFIG_REJECTED,
            who=wish.author,
            reason=f"other settings were refused: {lines[0]}",
            errors=tuple(lines),
        )
        self.bus.publish(CONTRACT, notice)


def _fault(line: str) -> ConfigFault:
    place, policy = _PLACE.match(line), _POLICY.search(line)
    return ConfigFault(
        key=place[1] if place else "", reason=line, policy=policy[1] if policy else ""
    )
