"""What a camera says of itself: discovery, streams and events, by the ONVIF protocols."""
