"""For authors of plug-ins: the contract suites and fakes that we use ourselves."""
