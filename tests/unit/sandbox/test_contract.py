"""The sandbox has nothing that Google has not."""

import pytest

from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.google.methods.table import STANDARD, methods
from headrace_crm.sandbox.google.rules import UNITS

METHODS = {method.name: method for method in methods(SandboxClock())}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_google_s_with_its_route_parameters_and_scopes(gmail_contract, name):
    method, theirs = METHODS[name], gmail_contract.methods[name]
    assert (method.verb, method.path.lstrip("/")) == (theirs["httpMethod"], theirs["path"])
    query = {key for key, parameter in theirs["parameters"].items() if parameter["location"] == "query"}
    assert set(method.parameters) == query
    # Scopes of add-ons are for programs inside Gmail's own pages.
    assert method.scopes == {scope for scope in theirs["scopes"] if "addons" not in scope}
    assert method.is_upload == ("mediaUpload" in theirs)


def test_the_parameters_that_all_methods_take_are_google_s(gmail_contract):
    assert gmail_contract.standard == STANDARD


def test_units_are_set_for_methods_that_exist(gmail_contract):
    assert UNITS.keys() <= gmail_contract.methods.keys()
