"""Our words: what flows from a camera to a person's channel.

Packet -> Frame -> Motion -> Detections -> Tracks -> Samples -> RuleVerdict -> Event -> Notice

Hot types (frame, detections, tracks, samples) are numpy-backed and never leave the process;
payloads (event, artifact, facts) are frozen pydantic models.
"""
