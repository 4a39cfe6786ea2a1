"""Where video comes from: RTSP, HTTP, files, and a simulator with known truth."""
