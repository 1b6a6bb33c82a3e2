"""An owner's mail as a whole: volume, response times, busy hours, threads that wait for an answer."""
