"""An example of plug-ins for Vedette."""
