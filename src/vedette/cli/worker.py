"""`vedette worker`: a media worker process; started by `vedette up`, not by people."""


def worker() -> None:
    """Work for the control process that speaks through standard input (see docs/processes.md)."""
    from vedette.app.worker import main

    main()
