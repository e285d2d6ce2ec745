"""
Which sockets are meant, in the words of ss(8): `state established`, `exclude time-wait`, `sport = :80`,
`dst 192.0.2.0/24`, `src [::1]:80`, with `and`, `or`, `not` and parentheses.
"""
import ipaddress
import operator
import re

from command.system import Refused

# enum of include/net/tcp_states.h: RFC 9293's names
STATES = {1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RCVD", 4: "FIN_WAIT_1", 5: "FIN_WAIT_2", 6: "TIME_WAIT", 7: "CLOSED",
          8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING"}
OF_SS = {"SYN_RECV": "SYN_RCVD", "LISTENING": "LISTEN", "CLOSE": "CLOSED", "FIN_WAIT1": "FIN_WAIT_1",
         "FIN_WAIT2": "FIN_WAIT_2"}
ALL = set(STATES.values())
SETS = {"ALL": ALL, "CONNECTED": ALL - {"LISTEN", "CLOSED"}, "SYNCHRONIZED": ALL - {"LISTEN", "CLOSED", "SYN_SENT"},
        "BUCKET": {"SYN_RCVD", "TIME_WAIT"}, "BIG": ALL - {"SYN_RCVD", "TIME_WAIT"}}
COMPARE = {"=": operator.eq, "==": operator.eq, "eq": operator.eq, "!=": operator.ne, "ne": operator.ne,
           "<": operator.lt, "lt": operator.lt, ">": operator.gt, "gt": operator.gt,
           "<=": operator.le, "le": operator.le, ">=": operator.ge, "ge": operator.ge}
WORDS = re.compile(r"[()]|[<>=!]=|[<>=!]|[^\s()<>=!]+")


def states_of(word):
    name = word.upper().replace("-", "_")
    name = OF_SS.get(name, name)
    if name in SETS:
        return SETS[name]
    if name not in ALL:
        known = " ".join(sorted(state.lower().replace("_", "-") for state in ALL | SETS.keys()))
        raise Refused(f"no state '{word}'; there are: {known}", 2)
    return {name}


def address_of(text):
    """An address without its IPv6 disguise: ::ffff:127.0.0.1 is 127.0.0.1."""
    address = ipaddress.ip_address(text.split("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def network_and_port(word):
    """ADDRESS[/PREFIX][:PORT], either of them may be missing or *; IPv6 with a port in brackets. None: any."""
    match = re.fullmatch(r"(?:\[(?P<six>[^]]*)\](?P<bits>/\d+)?|(?P<four>[^:]*))(?::(?P<port>\d+|\*))?", word)
    host, port = word, None
    if match:
        host = match["four"] if match["six"] is None else match["six"] + (match["bits"] or "")
        port = match["port"]
    try:
        network = None if host in ("", "*") else ipaddress.ip_network(host, strict=False)
    except ValueError as error:
        raise Refused(f"'{word}' is no address, as 192.0.2.1, 192.0.2.0/24, 192.0.2.1:80, [::1]:80 are", 2) from error
    return network, None if port in (None, "*") else int(port)


class Parser:
    """A recursive descent over the words; each method gives a function of a row."""

    def __init__(self, words):
        self.words = WORDS.findall(" ".join(words))

    def next(self, what):
        if not self.words:
            raise Refused(f"the filter ends where {what} is missing", 2)
        return self.words.pop(0)

    def peek(self):
        return self.words[0].lower() if self.words else ""

    def either(self):
        tests = [self.both()]
        while self.peek() in ("or", "|", "||"):
            self.words.pop(0)
            tests.append(self.both())
        return lambda row: any(test(row) for test in tests)

    def both(self):
        tests = [self.one()]
        while self.words and self.peek() not in ("or", "|", "||", ")"):
            if self.peek() in ("and", "&", "&&"):
                self.words.pop(0)
            tests.append(self.one())
        return lambda row: all(test(row) for test in tests)

    def one(self):
        word = self.next("a condition")
        kind = word.lower()
        if word == "(":
            inner = self.either()
            if self.next("')'") != ")":
                raise Refused("the filter has a '(' without its ')'", 2)
            return inner
        if kind in ("not", "!"):
            test = self.one()
            return lambda row: not test(row)
        if kind in ("state", "exclude"):
            states = states_of(self.next("a state"))
            return lambda row: (row["state"] in states) == (kind == "state")
        if kind in ("sport", "dport"):
            return self.port("local" if kind == "sport" else "peer")
        if kind in ("src", "dst"):
            return self.address("local" if kind == "src" else "peer")
        raise Refused(f"the filter cannot begin with '{word}': state, exclude, sport, dport, src, dst, not or (", 2)

    def port(self, end):
        compare = COMPARE[self.words.pop(0).lower()] if self.peek() in COMPARE else operator.eq
        word = self.next("a port")
        if not word.lstrip(":").isdigit():
            raise Refused(f"'{word}' is no port: :80 or 80", 2)
        number = int(word.lstrip(":"))
        return lambda row: compare(row[end + "_port"], number)

    def address(self, end):
        equal = COMPARE[self.words.pop(0).lower()] is not operator.ne if self.peek() in COMPARE else True
        network, port = network_and_port(self.next("an address"))

        def test(row):
            found = network is None or address_of(row[end + "_address"]) in network
            return (found and port in (None, row[end + "_port"])) == equal
        return test


def parse(words):
    """A function that says of a row whether it is meant; no words: all are."""
    if not words:
        return lambda row: True
    parser = Parser(words)
    test = parser.either()
    if parser.words:
        raise Refused(f"the filter has '{parser.words[0]}' too much", 2)
    return test
