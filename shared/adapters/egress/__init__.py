"""The one way out: every credential, HTTP client and address that this process uses.

What registrants make (datastores, model addresses, answers) never says where a request or a token
goes. `tests/structure/test_egress.py` finds clients and credentials that are made elsewhere.
"""
