"""What schemathesis cannot know: who signs in, and which cases there are.

Everybody is an account of the demo. Nothing here may change what a check holds to be right.
"""

import itertools
import json
import os
import urllib.request

import schemathesis

BASE = os.environ["JIBAN_API_URL"]
# Who sends commands and reads, in turn: liaison, enforcement, leader, community, discipline, administrator.
STAFF = itertools.cycle(["xlb1", "zfd1", "leader1", "xlb1", "c01a", "jjw1", "admin"])
# Doors that end or change the session they came by: each call has a fresh one, of somebody whom nobody else needs.
ENDING = ("/api/v1/sessions/me", "/api/v1/sessions/rotate", "/api/v1/sessions/password", "/api/v1/sessions/totp")
# Doors of administrators.
ADMINISTRATION = ("/api/v1/policy", "/api/v1/organisation", "/api/v1/calendar", "/api/v1/audit")


def ask(path, body=None, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{BASE}{path}", data, headers)) as answer:
        return json.load(answer)


def sign_in(login):
    return ask("/api/v1/sessions", {"login": login, "password": os.environ["JIBAN_API_PASSWORD"]})["token"]


TOKENS = {}


def token_of(login):
    if login not in TOKENS:
        TOKENS[login] = sign_in(login)
    return TOKENS[login]


def cases_of(login):
    """Ids of some cases that this person may read, and the number of one."""
    if login not in CASES:
        token = token_of(login)
        found = ask("/api/v1/cases?order=due&limit=8", token=token)["cases"]
        found += ask("/api/v1/cases?order=newest&limit=8", token=token)["cases"]
        names = [case["id"] for case in found] + [case["number"] for case in found[:1]]
        CASES[login] = itertools.cycle(names or ["DM20000101-00001"])
    return next(CASES[login])


CASES = {}
# Values that mean something to the demo, by field: words at random would all stop at the same refusal.
KNOWN = {
    "class": ["fast", "urgent", "routine"],
    "category": ["noise.shop", "traffic.shared"],
    "channel": ["qr", "hotline"],
    "service_code": ["noise.shop"],
    "spot": ["s001"],
    "grid": ["lh.dm.c01.g01"],
    "lead": ["lh.dm.zfd", "lh.dm.c01.g01"],
    "co_units": [["lh.dm.c02.g01"]],
    "units": [["lh.dm.zfd"]],
    "unit": ["lh.dm.zfd"],
    "official": ["leader1"],
    "handler": ["zfd1"],
    "reason": ["not_our_duty", "weather"],
    "clock": ["finish"],
}
TURNS = {field: itertools.cycle([*values, None]) for field, values in KNOWN.items()}


def enrich(body):
    """Puts known values into a body that is well formed; now and then it stays as it is."""
    for field, value in body.items():
        if isinstance(value, dict):
            enrich(value)
        elif field in TURNS and (known := next(TURNS[field])) is not None:
            body[field] = known


@schemathesis.auth(refresh_interval=None)
class Session:
    """A real session; which one is chosen anew for each call, and with it a case that this person may read."""

    def get(self, case, context):
        path = case.path
        if path in ENDING and case.operation.method.upper() != "GET":
            return "c02a", sign_in("c02a")
        login = "admin" if path.startswith(ADMINISTRATION) else next(STAFF)
        return login, token_of(login)

    def set(self, case, data, context):
        login, token = data
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {token}"
        if not next(REAL):
            return
        if case.path_parameters and "case" in case.path_parameters:
            case.path_parameters["case"] = cases_of(login)
        if case.meta and case.meta.generation.mode.is_positive and isinstance(case.body, dict):
            enrich(case.body)
            # A version at random is a version that moved on.
            case.headers.pop("If-Match", None)


# Nine of ten calls are about what there is.
REAL = itertools.cycle([True] * 9 + [False])
