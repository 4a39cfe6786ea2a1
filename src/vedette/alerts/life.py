"""What may be done with an alert, and in which state that leaves it. Pure."""

from datetime import datetime

from vedette.contracts.alert import Alert, AlertAction, AlertChange, AlertState
from vedette.contracts.errors import WrongState

_ENDS: dict[AlertAction, tuple[tuple[AlertState, ...], AlertState | None]] = {
    AlertAction.ACKNOWLEDGED: ((AlertState.RAISED,), AlertState.ACKNOWLEDGED),
    AlertAction.ASSIGNED: ((AlertState.RAISED, AlertState.ACKNOWLEDGED), None),
    AlertAction.RESOLVED: ((AlertState.RAISED, AlertState.ACKNOWLEDGED), AlertState.RESOLVED),
    AlertAction.REOPENED: ((AlertState.RESOLVED,), AlertState.RAISED),
}
"""What people do: from which states, and to which; None keeps the state."""


def change(
    alert: Alert, action: AlertAction, *, by: str, at: datetime, to: str = "", note: str = ""
) -> tuple[Alert, AlertChange]:
    """The alert after somebody did something, and the line of its history.

    Args:
        by: who did it.
        to: who it is assigned to, for `ASSIGNED`; nobody where empty.
    Raises:
        WrongState: that cannot be done with it now; the sentence says why.
    """
    states, after = _ENDS[action]
    if alert.state not in states:
        may = " or ".join(state.value for state in states)
        raise WrongState(
            f"alert {alert.id} is {alert.state.value}; it can be {action.value} while it is {may}"
        )
    update: dict[str, object] = {"updated_at": at, "state": after or alert.state}
    if action is AlertAction.ASSIGNED:
        update["assignee"] = to
    elif action is AlertAction.ACKNOWLEDGED:
        update["acknowledged_by"] = by
    elif action is AlertAction.RESOLVED:
        update["resolved_by"] = by
    else:
        update |= {"acknowledged_by": "", "resolved_by": ""}
    said = f"to {to or 'nobody'}" if action is AlertAction.ASSIGNED else ""
    line = AlertChange(
        alert_id=alert.id, at=at, action=action, by=by, note=": ".join(filter(None, (said, note)))
    )
    return alert.model_copy(update=update), line
