"""Runs GStreamer's RTSP server, with the system's own Python (`python3-gi`). See gst_rtsp.py."""

import json
import sys
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import (  # type: ignore[import-not-found]  # noqa: E402
    Gio,
    GLib,
    Gst,
    GstRtsp,
    GstRtspServer,
)

_ROLE = "viewer"
_MAY = "{role}, media.factory.access=true, media.factory.construct=true;"
_TRANSPORTS = {
    "tcp": GstRtsp.RTSPLowerTrans.TCP,
    "udp": GstRtsp.RTSPLowerTrans.UDP,
    "any": GstRtsp.RTSPLowerTrans.TCP | GstRtsp.RTSPLowerTrans.UDP,
}


def _doorkeeper(certificate: str, user: str) -> Any:
    """TLS where there is a certificate; digest authentication where there is a `name:password`."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", _ROLE)
    if certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(certificate))
    if user:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(*user.split(":"), token)
    else:
        auth.set_default_token(token)
    return auth


def serve(wanted: dict[str, Any]) -> None:
    """Serve until killed; the first line of the output is the port."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(wanted["port"]))
    for path, mount in wanted["mounts"].items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(mount["launch"])
        factory.set_protocols(_TRANSPORTS[mount["transport"]])
        factory.set_shared(False)
        factory.add_role_from_structure(Gst.Structure.new_from_string(_MAY.format(role=_ROLE)))
        server.get_mount_points().add_factory(path, factory)
    if wanted["certificate"] or wanted["user"]:
        server.set_auth(_doorkeeper(wanted["certificate"], wanted["user"]))
    if server.attach(None) == 0:
        sys.exit("the port is taken")
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
