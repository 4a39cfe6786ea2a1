"""The table of contents: every built-in plug-in, one line each.

To add one: write one file in its feature, add one line here. A third party adds the same line
to its own pyproject instead:
`[project.entry-points."vedette.detector"]  mine = "my_pkg:MyDetector"`.
"""

BUILTIN: dict[str, dict[str, str]] = {
    "source": {
        "rtsp": "vedette.sources.rtsp:RtspSource",
        "http": "vedette.sources.http:HttpSource",
        "http_snapshot": "vedette.sources.http_snapshot:HttpSnapshotSource",
        "usb": "vedette.sources.usb:UsbSource",
        "file": "vedette.sources.file:FileSource",
        "folder": "vedette.sources.folder:FolderSource",
        "simulator": "vedette.sources.simulator:SimulatorSource",
    },
    "motion": {
        "luma": "vedette.motion.luma:LumaMotion",
    },
    "detector": {
        "onnx": "vedette.detect.onnx:OnnxDetector",
        "blob": "vedette.detect.blob:BlobDetector",
    },
    "tracker": {
        "byte": "vedette.track.byte:ByteTracker",
    },
    "rule": {
        "presence": "vedette.rules.presence:PresenceRule",
        "enter": "vedette.rules.enter:EnterRule",
        "leave": "vedette.rules.leave:LeaveRule",
        "loiter": "vedette.rules.loiter:LoiterRule",
        "line_crossing": "vedette.rules.line_crossing:LineCrossingRule",
        "count": "vedette.rules.count:CountRule",
        "when": "vedette.rules.when:WhenRule",
    },
    "bus": {
        "memory": "vedette.bus.memory:MemoryBus",
    },
    "module": {
        "traces": "vedette.services.traces:TracesModule",
    },
    "channel": {
        "log": "vedette.notify.log:LogChannel",
        "webhook": "vedette.notify.webhook:WebhookChannel",
        "email": "vedette.notify.email:EmailChannel",
        "telegram": "vedette.notify.telegram:TelegramChannel",
        "gchat": "vedette.notify.gchat:GchatChannel",
        "gateway": "vedette.notify.gateway:GatewayChannel",
        "mqtt": "vedette.notify.mqtt:MqttChannel",
        "apprise": "vedette.notify.apprise:AppriseChannel",
        "in_app": "vedette.notify.in_app:InAppChannel",
        "web_push": "vedette.notify.web_push:WebPushChannel",
    },
}

EXTRAS: dict[str, str] = {
    "apprise": "apprise",
    "opentelemetry": "traces",
}
"""Packages that only some plug-ins need, with the extra that installs them."""
