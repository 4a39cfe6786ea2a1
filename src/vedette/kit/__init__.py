"""Small tools that know nothing of video: clock, ids, bounded waiting, supervision, pixels."""
