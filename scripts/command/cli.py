"""The words of the command line, and what each leads to."""
import argparse
import os
import shutil
import sys

from command import abort, counters, knobs, preload, run, sockets, trace, turned
from command.system import Refused, enter_netns, need_module, note
from command.texts import texts

FILTER = """FILTER is as ss(8) has it: state NAME, exclude NAME, sport = :80, dport = :80, src ADDRESS[/PREFIX][:PORT],
dst ADDRESS[/PREFIX][:PORT], with and, or, not and parentheses."""


def exec_with(program, args, default, **environment):
    """The real program, looking at xtcp."""
    if not shutil.which(program):
        raise Refused(f"no program '{program}'; Debian has it in the package iproute2", 127)
    os.environ.update(environment)
    os.execvp(program, [program, *(args[1:] or default)])


def exec_ss(args):
    need_module()
    exec_with("ss", args.rest, ["-tan"], PROC_NET_TCP="/proc/net/xtcp", PROC_NET_TCP6="/proc/net/xtcp6")


def exec_nstat(args):
    need_module()
    exec_with("nstat", args.rest, ["-asz"], PROC_NET_NETSTAT="/proc/net/xtcp_netstat", PROC_NET_SNMP="/dev/null",
              PROC_NET_SNMP6="/dev/null")


def show_library(_):
    print(os.path.realpath(preload.library()))


class Parser(argparse.ArgumentParser):
    """Its complaints look as all others of the command. Options cannot be shortened: there may be more one day."""

    def __init__(self, **how):
        super().__init__(allow_abbrev=False, **how)

    def error(self, message):
        raise Refused(f"{message}; `{self.prog} --help` says how it goes", 2)


def add(commands, name, function, text, epilog=None, as_json=True):
    """A command, with what all of them have."""
    sentence = text[0].upper() + text[1:] + "."
    parser = commands.add_parser(name, help=text, description=sentence, epilog=epilog)
    parser.set_defaults(function=function)
    parser.add_argument("-n", "--netns", metavar="NAME", default=argparse.SUPPRESS,
                        help="in this network namespace: a name of `ip netns`, or a process's number")
    if as_json:
        parser.add_argument("-j", "--json", action="store_true", help="for programs to read")
    return parser


def add_run(commands):
    parser = add(commands, "run", run.run, "have a program, or what runs, use xtcp for TCP", as_json=False,
                 epilog="By the kernel (a BPF program at its hook for that: root, Linux 6.6 or later), else by a "
                 "library in LD_PRELOAD, which static, Go and set-user-ID programs do not hear of: they are refused.")
    parser.add_argument("--wire", choices=("6", "253"),
                        help="the IP protocol that the sockets speak; 6: with any TCP there is (by the library)")
    parser.add_argument("--why", action="store_true", help="say which way was taken, and which sockets were turned")
    parser.add_argument("--preload", action="store_true", help="by the library, also where the kernel could")
    parser.add_argument("--cgroup", metavar="PATH", help="no program: what is in this cgroup, from its next socket() "
                        "on; 'self' is the one of who asks")
    parser.add_argument("--service", metavar="NAME", help="no program: a service of systemd, from its next start on")
    parser.add_argument("--container", metavar="NAME|PID", help="no program: a container of podman or docker, or what "
                        "shares a cgroup with this process")
    parser.add_argument("program", nargs=argparse.REMAINDER, metavar="PROGRAM [ARG]...")


def add_turned(commands):
    parser = add(commands, "turned", turned.show, "list what `run` has turned by the kernel's hook, or end that")
    parser.add_argument("--off", action="store_true", help="end it; sockets that are open stay what they are")
    parser.add_argument("what", nargs="*", metavar="CGROUP|NAME.service", help="these only; 'self' is the own cgroup")


def add_list(commands):
    parser = add(commands, "list", sockets.show, "list sockets, half-open connections and TIME_WAITs", FILTER)
    parser.add_argument("-w", "--watch", action="store_true", help="again and again")
    parser.add_argument("-i", "--interval", type=float, default=1, metavar="S", help="seconds between (default: 1)")
    parser.add_argument("-c", "--count", type=int, metavar="N", help="with -w: so often")
    parser.add_argument("filter", nargs="*", metavar="FILTER")


def add_knobs(commands):
    parser = add(commands, "knobs", knobs.show_knobs, "list knobs: value, default, range, unit and where it comes from")
    parser.add_argument("-c", "--changed", action="store_true", help="only those that differ from the default")
    parser.add_argument("pattern", nargs="*", metavar="WORD", help="only those with such a word in name or text")
    parser = add(commands, "get", knobs.show_values, "print the value of knobs")
    parser.add_argument("name", nargs="+", metavar="NAME")
    parser = add(commands, "set", knobs.set_values, "set knobs", as_json=False)
    parser.add_argument("--save", action="store_true", help=f"for the next boot as well, in {knobs.SAVED}")
    parser.add_argument("assignment", nargs="+", metavar="NAME=VALUE")


def add_stat(commands):
    parser = add(commands, "stat", counters.show, "show what was counted since the last look, with what it means")
    parser.add_argument("-a", "--all", action="store_true", help="since the module was loaded")
    parser.add_argument("-z", "--zero", action="store_true", help="also what did not happen")
    parser.add_argument("-k", "--keep", action="store_true", help="do not count this as a look")
    parser.add_argument("pattern", nargs="*", metavar="WORD", help="only those with such a word in their name")


def add_trace(commands):
    parser = add(commands, "trace", trace.show, "follow connections live, as a ladder", FILTER)
    parser.add_argument("-s", "--segments", action="store_true", help="also each segment of IP protocol 253")
    parser.add_argument("-c", "--count", type=int, metavar="N", help="end after so many lines")
    parser.add_argument("filter", nargs="*", metavar="LOCAL REMOTE | FILTER")


def add_rest(commands):
    parser = add(commands, "abort", abort.abort, "end all of a namespace, or one connection or listener", as_json=False,
                 epilog="Addresses as ss shows them: 127.0.0.1:80 192.0.2.1:5000 or [::1]:80 [::1]:5000; "
                 "a listener: '0.0.0.0:80 0.0.0.0:*' or, of IPv6, '*:80 *:*'.")
    parser.add_argument("what", nargs="+", metavar="all | LOCAL REMOTE")
    for name, function, text in (("ss", exec_ss, "ss(8), looking at xtcp; without arguments: -tan"),
                                 ("nstat", exec_nstat, "nstat(8), looking at xtcp; without arguments: -asz")):
        parser = add(commands, name, function, text, as_json=False)
        parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="ARG")
    add(commands, "library", show_library, "print the path of the library for an LD_PRELOAD of your own", as_json=False)
    commands.add_parser("help", help="this").set_defaults(function=None)
    commands.add_parser("complete").set_defaults(function=knobs.complete_names, json=False)  # of the shell's completion


def parser_of():
    parser = Parser(prog="xtcp", description="The command of xtcp, a second TCP for a running kernel.",
                    epilog="xtcp COMMAND --help says more of each; also: man xtcp.")
    parser.add_argument("--version", action="store_true", help="print it and end")
    parser.add_argument("-n", "--netns", metavar="NAME", help="in this network namespace")
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    for adder in (add_run, add_turned, add_list, add_knobs, add_stat, add_trace, add_rest):
        adder(commands)
    return parser


def with_rest(words):
    """What follows ss and nstat is theirs, options as well: argparse learns that from a `--`."""
    at = 2 if words[:1] in (["-n"], ["--netns"]) else 0
    if words[at:at + 1] in (["ss"], ["nstat"]) and words[at + 1:] != ["--help"]:
        return [*words[:at + 1], "--", *words[at + 1:]]
    return words


def main(words):
    parser = parser_of()
    try:
        args = parser.parse_args(with_rest(words))
        if args.version:
            print(f"xtcp {texts()['version']}")
            return 0
        if not getattr(args, "function", None):
            parser.print_help(sys.stdout if words else sys.stderr)
            return 0 if words else 2
        if args.netns is not None:
            enter_netns(args.netns)
        args.function(args)
        sys.stdout.flush()
    except Refused as refusal:
        note(str(refusal))
        return refusal.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on; Python would complain at its end
        return 141
    return 0
