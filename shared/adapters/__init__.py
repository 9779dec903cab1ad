"""The ports, on Azure. What Azure raises stops here; `bootstrap` alone imports these."""
